// Shows how much time is left, asks whether somebody is still there, and leaves the page when the session has
// ended, here or from another device. The server decides about the session; this only shows it.

const timer = document.getElementById('timer')
const dialog = document.getElementById('still-there')
const stayForm = document.getElementById('stay')
const times = document.querySelectorAll('[data-time]')
const main = document.getElementById('main')

const warnMs = Number(timer.dataset.warn)
const pollMs = Number(timer.dataset.poll)
let canStay = timer.dataset.stay === 'true'
// `performance.now` never jumps, whatever happens to the clock of the device.
let endsAt = performance.now() + Number(timer.dataset.left)
let lastPollAt = performance.now()
let isAsking = false

function show() {
  const leftMs = endsAt - performance.now()
  const seconds = Math.max(0, Math.ceil(leftMs / 1000))
  const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
  for (const element of times) if (element.textContent !== text) element.textContent = text
  const isLow = leftMs <= warnMs
  timer.classList.toggle('low', isLow)
  dialog.hidden = !isLow
  stayForm.hidden = !canStay
  if (leftMs <= 0 || performance.now() - lastPollAt >= pollMs) void ask(leftMs <= 0)
}

/** Asks the server, which knows what the other tabs did. This request does not count as activity. */
async function ask(isOver) {
  if (isAsking || document.visibilityState === 'hidden') return
  isAsking = true
  lastPollAt = performance.now()
  try {
    const response = await fetch('/session', { cache: 'no-store' })
    const { leftMs, canStay: may } = await response.json()
    if (leftMs <= 0) return leave(isOver ? 'idle' : 'elsewhere')
    endsAt = performance.now() + leftMs
    canStay = may
    main.hidden = false
  } catch {
    // No answer. When the time is over nobody should go on reading the page meanwhile.
    main.hidden = isOver
  } finally {
    isAsking = false
  }
}

function leave(reason) {
  main.hidden = true
  location.replace(`/login?ended=${reason}`)
}

stayForm.addEventListener('submit', async (event) => {
  event.preventDefault()
  const response = await fetch('/session/stay', {
    method: 'POST',
    body: new URLSearchParams(new FormData(stayForm)),
  })
  // Refused: the page is older than the last log-in. A fresh one has what it needs.
  if (!response.ok) return location.reload()
  await ask(false)
  show()
  main.focus({ preventScroll: true })
})

// A page that comes back from the browser's memory may be somebody's after log-out.
addEventListener('pageshow', (event) => {
  if (event.persisted) location.reload()
})
document.addEventListener('visibilitychange', () => void ask(endsAt <= performance.now()))

setInterval(show, 250)
show()
