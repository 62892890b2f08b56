// Imported first by every command, so that an older Node ends with a sentence and not with a riddle.
const OLDEST = { major: 20, minor: 19 }
const [major, minor] = process.versions.node.split('.').map(Number)

if (major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor)) {
  console.error(
    `sojourn needs Node ${OLDEST.major}.${OLDEST.minor} or newer; this is Node ${process.versions.node}.`,
  )
  process.exit(1)
}
