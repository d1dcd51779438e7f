// @ts-check
/**
 * Figures that follow, over Server-Sent Events. The tabs of one browser share one stream: whoever
 * holds the lock listens, and tells the others. Hidden tabs rest. Past the server's bound, or while
 * it is away, the figures are asked for instead, less and less often, until a stream opens again.
 */
const api = window.visitorCounter
const { site } = document.querySelector("script[data-site]").dataset
const base = new URL(`../v1/${site}/`, import.meta.url).href
const channel = window.BroadcastChannel && new BroadcastChannel("visitor-counter " + base)
const LONGEST_WAIT = 60_000

/** @type {EventSource | undefined} */ let source
/** @type {AbortController | undefined} */ let watch
let path
let failures = 0
let timer

/** Show what came, but for the views of another tab's article. */
function show(figures, own) {
  if (document.hidden || typeof figures?.total != "number") return
  api.show({ ...figures, views: own ? figures.views : api.figures?.views })
}

async function read() {
  show(await api.ask("figures?path=" + encodeURIComponent(api.path)), true)
}

function listen() {
  source = new EventSource(base + "live?path=" + encodeURIComponent(path))
  for (const name of ["figures", "rollover"])
    source.addEventListener(name, ({ data }) => {
      try {
        const figures = JSON.parse(data)
        failures = 0
        show(figures, true)
        channel?.postMessage(figures)
      } catch {} // it is not from the service
    })
  source.onerror = () => {
    rest()
    // Longer each time, and not all pages at once.
    timer = setTimeout(() => {
      read()
      listen()
    }, Math.min(2000 * 2 ** failures++, LONGEST_WAIT) * (0.5 + Math.random()))
  }
}

function rest() {
  source?.close()
  clearTimeout(timer)
}

function awake() {
  watch?.abort()
  rest()
  path = api.path
  if (document.hidden || !path) return
  const { signal } = (watch = new AbortController())
  // An article's own views are not in another tab's stream: only the foot can share one.
  const alone = document.querySelector('[data-counter="views"]:not([data-path])')
  if (!channel || !navigator.locks || alone) return listen()
  // Where another tab has the lock, that one tells.
  const held = () =>
    new Promise((release) => {
      listen()
      signal.addEventListener("abort", release)
    })
  navigator.locks.request("visitor-counter " + base, { signal }, held).catch(() => {})
}

if (channel) channel.onmessage = ({ data }) => show(data, false)
document.addEventListener("visibilitychange", () => {
  awake()
  document.hidden || read() // what changed meanwhile, the other tab has told already
})
// A single-page site has gone on.
addEventListener("visitor-counter", () => path == api.path || awake())
awake()
