// Keeps the page up to date, and lets the arrow keys go along a plot. The page is whole without it.
'use strict'

const EVERY_MS = 5000
const status = document.getElementById('status')

// Put what is new in `section` into its place; what is open there stays open, what has the focus
// keeps it.
function take(section, fresh) {
  if (!fresh || section.innerHTML === fresh.innerHTML) return
  const bars = [...section.querySelectorAll('.bars g[role]')]
  const at = bars.indexOf(document.activeElement)
  if (at < 0 && section.contains(document.activeElement)) return
  const open = [...section.querySelectorAll('details')].map(details => details.open)
  section.replaceChildren(...fresh.childNodes)
  section.querySelectorAll('details').forEach((details, n) => { details.open = open[n] })
  if (at >= 0) go([...section.querySelectorAll('.bars g[role]')], at)
}

async function refresh() {
  if (document.hidden) return
  try {
    const answer = await fetch(location.href, { cache: 'no-store' })
    if (!answer.ok) throw new Error(answer.status)
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
    for (const section of document.querySelectorAll('section:not(#search)')) {
      take(section, page.getElementById(section.id))
    }
    tell(page.getElementById('status'))
  } catch {
    status.className = 'lost'
    status.textContent = status.dataset.lost || status.textContent
  }
}

// Say how things stand, in the words that the page brought along.
function tell(now) {
  const live = now.dataset.live
  status.className = live ? 'live' : now.className
  status.textContent = live || now.textContent
  if (live) status.dataset.lost = now.dataset.lost
}

function go(bars, to) {
  const next = bars[Math.max(0, Math.min(to, bars.length - 1))]
  for (const bar of bars) bar.setAttribute('tabindex', bar === next ? 0 : -1)
  next.focus()
}

document.addEventListener('keydown', event => {
  const bar = event.target.closest('.bars g[role]')
  if (!bar || event.ctrlKey || event.metaKey || event.altKey) return
  const bars = [...bar.parentNode.querySelectorAll('g[role]')]
  const at = bars.indexOf(bar)
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key]
  if (to === undefined) return
  event.preventDefault()
  go(bars, to)
})

if (status) {
  tell(status)
  setInterval(refresh, EVERY_MS)
  document.addEventListener('visibilitychange', refresh)
}
