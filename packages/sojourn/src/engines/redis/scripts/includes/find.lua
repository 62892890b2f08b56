-- find.lua: one record by its key, ended where its user's cut-off ended it.

-- The head, the user's index, when the record is due, and whether it has ended; nil when it is absent, and the
-- head alone when it cannot be read. A live record behind its user's cut-off becomes the tombstone that it
-- should have been.
local function find(key, keep, keeps_due)
  local head = head_of(key)
  if head == '' then return nil end
  if not is_readable(head) then return head end
  local prefix, id, user = string.sub(key, 1, -19), string.sub(key, -16), user_of(head)
  local state, _, created_at = fields_of(head)
  local index = index_of(prefix, user)
  local due_at = due_of(prefix, id, keeps_due)
  if state ~= 0 then return head, index, due_at, true end
  if not index then return head, nil, due_at, false end
  local cut_off = cut_off_of(index)
  if not is_cut(cut_off, created_at, id) then return head, index, due_at, false end
  bury(prefix, id, index, {
    write_id = write_id_of(head), state = cut_off.state, at = cut_off.at,
    keep = keep, keeps_due = keeps_due, due_at = due_at,
  })
  return head, index, due_at, true
end
