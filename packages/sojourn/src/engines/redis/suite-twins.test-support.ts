import type { Twin } from './twins.test-support.ts'

/** A fault that cases of the suite must find, and by their names. */
export interface SuiteTwin extends Twin {
  readonly name: string
  readonly caughtBy: readonly string[]
  readonly due?: boolean
}

export const SUITE_TWINS: readonly SuiteTwin[] = [
  {
    name: 'a replace looks at no version',
    script: 'replace',
    from: 'local is_expected = version == tonumber(ARGV[5])',
    to: 'local is_expected = true',
    caughtBy: [
      'a replace of another version is a conflict that brings the current record',
      'of two hundred replaces of one version exactly one is done',
      'of concurrent writers that try again none loses an update',
      'of replaces of one version through two handles exactly one is done',
    ],
  },
  {
    name: 'a replace revives what has ended',
    script: 'replace',
    from: 'if state ~= 0 then return 0 end',
    to: '',
    caughtBy: [
      'T51: a replace that arrives after the end is gone and revives nothing',
      'T51: no replace and no touch that races with an end revives the session',
    ],
  },
  {
    name: 'a replace revives what has expired',
    script: 'replace',
    from: 'if tonumber(ARGV[2]) >= expires_at then return 0 end',
    to: '',
    caughtBy: ['a session can be replaced until its deadline and not at it'],
  },
  {
    name: 'a replace looks at no cut-off',
    script: 'replace',
    from: 'if is_cut(cut_off, created_at, id) then',
    to: 'if false then',
    caughtBy: [
      'T52: a session that the index had lost is read as it is stored until a replace meets the cut-off',
    ],
  },
  {
    name: 'a replace forgets a touch',
    script: 'replace',
    from: 'if seen_at > new_seen_at then',
    to: 'if false then',
    caughtBy: ['a replace keeps the later deadline of a touch in between'],
  },
  {
    name: 'a replaced record leaves at its deadline',
    script: 'replace',
    from: 'expires_to_be + keep)',
    to: 'expires_to_be)',
    caughtBy: ['a replace with a deadline that has just passed by the wall clock leaves the record there'],
  },
  {
    name: 'a replace gives the session to another user',
    script: 'replace',
    from: 'if user ~= given_user then',
    to: 'if false then',
    caughtBy: ['a replace changes neither the user nor the creation'],
  },
  {
    name: 'a new record leaves at its deadline',
    script: 'create',
    from: "'PXAT', digits_of(expires_at + keep))",
    to: "'PXAT', expires_at)",
    caughtBy: [
      'a session whose deadline has just passed by the wall clock is there: a touch in time was under way',
    ],
  },
  {
    name: 'a create counts nobody',
    script: 'create',
    from: 'if count + 1 > max then',
    to: 'if false then',
    caughtBy: [
      'a session beyond the limit is refused, and nothing is written',
      'T53: of a thousand creates within a limit of three, three are stored',
      'without a limit a user may have a thousand live sessions and not one more',
    ],
  },
  {
    name: 'a create counts what has expired',
    script: 'create',
    from: 'now < expires_at and',
    to: '',
    caughtBy: ['a session counts until its deadline and not at it'],
  },
  {
    name: 'a cut-off does not give way to an older session',
    script: 'create',
    from: 'if cut_off and cut_off.at > created_at then',
    to: 'if false then',
    caughtBy: ['a session created before the user’s cut-off, but stored after it, lives'],
  },
  {
    name: 'a tombstone of the limit leaves with live records',
    script: 'create',
    from: ' + TOMBSTONE_MS',
    to: '',
    caughtBy: ['the tombstones of endUser and of the limit stay as long'],
  },
  {
    name: 'a tombstone leaves with live records',
    script: 'end',
    from: ' + TOMBSTONE_MS',
    to: '',
    caughtBy: [
      'T51: a tombstone of ten minutes by the wall clock is there, and refuses what still races with its end',
    ],
  },
  {
    name: 'everybody ends a session',
    script: 'end',
    from: 'stored == ARGV[1]',
    to: 'true',
    caughtBy: [
      'a second end is false and changes neither the reason nor the instant',
      'of a hundred ends exactly one is true',
    ],
  },
  {
    name: 'an end looks at no cut-off',
    script: 'end',
    from: 'if not is_cut(cut_off, created_at, id) then',
    to: 'if true then',
    caughtBy: [
      'T52: a session that the index had lost is read as it is stored until an end meets the cut-off',
    ],
  },
  {
    name: 'a touch revives what has ended',
    script: 'touch',
    from: 'if not head or has_ended then',
    to: 'if not head then',
    caughtBy: ['T48: a touch after the end is false and revives nothing'],
  },
  {
    name: 'a touch revives what has expired',
    script: 'touch',
    from: 'if given_seen_at >= expires_at then return 0 end',
    to: '',
    caughtBy: ['a session can be touched until its deadline and not at it'],
  },
  {
    name: 'a late touch moves backwards',
    script: 'touch',
    from: 'math.max(given_seen_at, seen_at)',
    to: 'given_seen_at',
    caughtBy: ['a touch that arrives late moves nothing backwards', 'of concurrent touches the latest stays'],
  },
  {
    name: 'a touch moves past the absolute deadline',
    script: 'touch',
    from: 'math.min(tonumber(ARGV[2]), absolute_at)',
    to: 'tonumber(ARGV[2])',
    caughtBy: ['a touch moves the deadline no further than the absolute one'],
  },
  {
    name: 'endUser sets no cut-off',
    script: 'endUser',
    from: "redis.call('ZADD', index.key, index.score, cut_off_member(index, ARGV[5], at, except))",
    to: '',
    caughtBy: [
      'the cut-off is set for a user whose index is empty',
      'T52: a session that the index had lost is read as it is stored until a touch meets the cut-off',
    ],
  },
  {
    name: 'endUser ends half of them',
    script: 'endUser',
    from: 'elseif is_listed and id ~= except then',
    to: "elseif is_listed and id ~= except and string.find(id, '[02468]$') then",
    caughtBy: [
      'endUser ends all of a user’s sessions but the excepted one',
      'a list beside endUser shows all of the user’s sessions or none',
    ],
  },
  {
    name: 'list shows what has expired',
    script: 'list',
    from: 'now < expires_at and',
    to: '',
    caughtBy: ['a session is listed until its deadline and not at it'],
  },
  {
    name: 'a lease leases nothing',
    script: 'lease',
    from: "if #leases > 0 then redis.call('ZADD', due, unpack(leases)) end",
    to: '',
    due: true,
    caughtBy: [
      'an expired session that due returned is not due again until its lease is over',
      'T84: records that concurrent callers lease are disjoint and complete',
      'what two handles lease, end and settle is disjoint',
    ],
  },
  {
    name: 'what a touch has moved is due all the same',
    script: 'lease',
    from: 'if state == 0 and expires_at > score then',
    to: 'if false then',
    due: true,
    caughtBy: ['a touched session is not due at its old deadline but at its new one'],
  },
  {
    name: 'an end is not noted for whoever settles it',
    script: 'end',
    from: "redis.call('ZADD', prefix .. 'due', grave.at, id)",
    to: '',
    due: true,
    caughtBy: ['an ended session is due at the instant of its end, and not before'],
  },
  {
    name: 'settle forgets what lives',
    script: 'settle',
    from: 'and string.byte(head, 18) ~= 0 then',
    to: 'then',
    caughtBy: ['settle leaves a live session as it is'],
  },
  {
    name: 'a walk ends where one look ends',
    script: 'scan',
    from: 'cursor = reply[1]',
    to: "cursor = '0'",
    caughtBy: ['the pages of a walk, large or small, hold no more than their limit and together everything'],
  },
  {
    name: 'settle keeps a byte of the data',
    script: 'settle',
    from: 'USER - 1 + user_bytes',
    to: 'USER + user_bytes',
    caughtBy: ['a tombstone that is kept loses its data and nothing else'],
  },
]
