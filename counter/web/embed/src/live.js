// @ts-check
/**
 * Figures that follow, over Server-Sent Events. The tabs of one browser share one stream: whoever
 * holds the lock listens, and tells the others. Hidden tabs rest. Past the server's bound, or
 * without EventSource, the figures are asked for now and then.
 */
const api = window.visitorCounter
const script = document.querySelector("script[data-site]")
const base = new URL("../v1/" + script.dataset.site + "/", import.meta.url)
const path = new URL(document.querySelector("[rel=canonical]")?.href || location).pathname
const query = "?path=" + encodeURIComponent(path)
const channel = window.BroadcastChannel && new BroadcastChannel("visitor-counter " + base)
const POLL = 30_000

let source
let failures = 0
let timer

/** Show what came, but for the views of another tab's article. */
function show(figures, own) {
  if (document.hidden) return
  const views = own ? figures.articles?.[path] : api.figures?.views
  api.show({ ...figures, views })
}

function listen() {
  source = new EventSource(base + "live" + query)
  for (const name of ["figures", "rollover"])
    source.addEventListener(name, ({ data }) => {
      failures = 0
      const figures = JSON.parse(data)
      show(figures, true)
      channel?.postMessage(figures)
    })
  source.onerror = () => {
    if (source.readyState != EventSource.CLOSED) return // it comes back by itself
    // Refused: wait longer each time, not all at once, and poll meanwhile.
    const wait = Math.min(POLL * 2 ** failures++, 600_000) * (0.5 + Math.random())
    timer = setTimeout(async () => {
      show((await api.ask("figures" + query)) ?? {}, true)
      listen()
    }, wait)
  }
}

let release
function awake() {
  if (document.hidden) {
    source?.close()
    clearTimeout(timer)
    release?.()
    release = undefined
  } else if (!release) {
    const hold = () => new Promise((done) => {
      release = done
      listen()
    })
    const lock = navigator.locks?.request
    // An article's own views are not in another tab's stream: only the foot can share one.
    if (lock && channel && !document.querySelector('[data-counter="views"]:not([data-path])'))
      navigator.locks.request("visitor-counter " + base, () => document.hidden ? undefined : hold())
    else hold()
  }
}

if (channel) channel.onmessage = ({ data }) => show(data, false)
document.addEventListener("visibilitychange", awake)
awake()
