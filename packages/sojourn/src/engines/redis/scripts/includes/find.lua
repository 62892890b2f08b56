-- find.lua: one record by its id, ended where its user's cut-off ended it.

-- The record and what a verb must know of it; nil when it is absent. A live one behind its user's cut-off
-- becomes the tombstone that it should have been.
local function find(key, id, context)
  local head = head_of(key)
  if head == '' then return nil end
  if not is_readable(head) then return { head = head, is_readable = false } end
  local user = user_of(head)
  local index = user ~= '' and index_of(context.prefix, user) or nil
  local found = { head = head, is_readable = true, index = index, has_ended = has_ended(head) }
  found.due_at = due_of(context.prefix, id, context.keeps_due)
  if found.has_ended or not index then return found end
  local cut_off = cut_off_of(index)
  if not is_cut(cut_off, head, id) then return found end
  found.has_ended = true
  bury(context.prefix, id, index, {
    write_id = string.sub(head, 1, 4), state = cut_off.state, at = cut_off.at,
    keep = context.keep_ended, keeps_due = context.keeps_due, due_at = found.due_at,
  })
  return found
end
