// @ts-check
/**
 * Stands in for the scripts of busuanzi (the original and the self-hosted one) and of Vercount, at
 * their addresses on this service: it counts the page, fills their elements and shows what holds them.
 * A page then changes the script's host, or only its host's DNS entry.
 *
 * @typedef {Record<string, number | null>} Figures site_pv, site_uv, page_pv, and page_uv if it is told
 */
(() => {
  const doc = document
  const script = /** @type {HTMLScriptElement} */ (doc.currentScript)
  const data = script.dataset
  const address = /^(.*?)(busuanzi\/2\.3\/.*|js(\/\w+)?\/?)$/.exec(script.src.replace(/[?#].*/, ""))
  if (!address) return
  const base = address[1]
  const prefixes = ["busuanzi_value", "busuanzi", "vercount_value", ...(data.prefix ? [data.prefix] : [])]
  const pjax = /pjax/.test(address[2]) || script.hasAttribute("pjax")

  /** Each way to ask: it gives the figures, or fails. */
  const ways = {
    // The page's whole address has to be in the Referer, which browsers shorten for other hosts.
    busuanzi: () =>
      fetch(base + "busuanzi?jsonpCallback=f", { referrerPolicy: "no-referrer-when-downgrade", keepalive: true })
        .then((answer) => answer.text())
        .then((text) => JSON.parse(text.slice(6, -13))),
    api: () =>
      fetch(data.api || base + "api", { method: "POST", headers: { "x-bsz-referer": location.href }, keepalive: true })
        .then((answer) => answer.json())
        .then((answer) => answer.success ? answer.data : Promise.reject()),
    vercount: () =>
      fetch(base + "api/v2/log", { method: "POST", body: JSON.stringify({ url: location.href }), keepalive: true })
        .then((answer) => answer.json())
        .then((answer) => answer.data || Promise.reject()),
  }

  const written = (/** @type {number} */ figure) => {
    if (data.style == "comma") return figure.toLocaleString("en")
    if (data.style == "short") return Intl.NumberFormat("en", { notation: "compact" }).format(figure)
    return String(figure)
  }

  const show = (/** @type {Figures} */ figures) => {
    for (const name in figures) {
      if (figures[name] == null) continue
      for (const prefix of prefixes) {
        const value = doc.getElementById(prefix + "_" + name)
        if (value) value.textContent = written(/** @type {number} */ (figures[name]))
        const container = doc.getElementById(prefix.replace("_value", "") + "_container_" + name)
        if (container) container.style.display = "inline"
      }
    }
  }

  const count = () => {
    // Vercount's script has the address that the self-hosted busuanzi's has; its elements tell them apart.
    const vercount = doc.querySelector("[id^=vercount_]")
    const asked = /^bus/.test(address[2]) ? ways.busuanzi()
      : vercount ? ways.vercount().catch(ways.api) : ways.api().catch(ways.vercount)
    asked.then(show).catch(() => {}) // the page's own numbers stay as they are
  }

  const start = () => {
    count()
    if (!pjax) return
    const push = history.pushState
    history.pushState = function () {
      push.apply(this, /** @type {any} */ (arguments))
      count()
    }
    addEventListener("popstate", count)
  }
  const event = doc.prerendering ? "prerenderingchange" : doc.readyState == "loading" && "DOMContentLoaded"
  event ? doc.addEventListener(event, start) : start()
})()
