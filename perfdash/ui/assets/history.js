// Back undoes the last change of a filter, and returns to where the page was scrolled to.
//
// Streamlit replaces the browser's entry when a widget changes the address, and reads the address when the browser goes
// back. Here each deed of a person that changes what is asked makes one entry; what the server sets right after it, or
// while the browser goes back and forth, belongs to that entry.
const main = () => document.querySelector("[data-testid=stMain]")
const still = () => document.querySelector("[data-testid=stApp]")?.dataset.testScriptState === "notRunning"
const SCROLLING = new Set(["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End", " "])
const heights = new Map()  // where each entry was scrolled to
let usual = []             // what the server writes into the address though nobody has chosen it
let entry = history.state?.perfdash ?? 0
let last = entry
let deed = false           // somebody has done something that no entry was made for yet
let scrolling = false      // what scrolls now is a person
let height = 0
let turn = 0               // of those who want to scroll: only the last one may

const push = history.pushState.bind(history)
const replace = history.replaceState.bind(history)
const numbered = (state) => ({ ...state, perfdash: entry })

function asked(search) {
  const pairs = new URLSearchParams(search)
  for (const [name, value] of usual) if (pairs.get(name) === value) pairs.delete(name)
  pairs.sort()
  return pairs.toString()
}

function change(leaving, state, title, url) {
  const next = new URL(url ?? location.href, location.href)
  const here = next.pathname === location.pathname
  if (here ? deed && asked(next.search) !== asked(location.search) : leaving) {
    heights.set(entry, height)
    deed = false
    entry = last += 1
    push(numbered(state), title, url)
  } else {
    replace(numbered(state), title, url)
  }
}

history.pushState = (...rest) => change(true, ...rest)
history.replaceState = (...rest) => change(false, ...rest)
replace(numbered(history.state), "")

function done(event) {
  if (!event.isTrusted) return
  turn += 1
  height = main()?.scrollTop ?? 0
  deed ||= event.type === "pointerdown" || event.type === "keydown"
  scrolling = event.type === "pointerdown" ? event.target === main()
    : event.type === "keydown" ? SCROLLING.has(event.key) : true
}

for (const kind of ["pointerdown", "keydown", "wheel", "touchmove"]) {
  document.addEventListener(kind, done, { capture: true, passive: true })
}
document.addEventListener("scroll", (event) => {
  if (scrolling && event.target === main()) height = event.target.scrollTop
}, { capture: true, passive: true })

window.addEventListener("popstate", (event) => {
  heights.set(entry, height)
  deed = scrolling = false
  entry = event.state?.perfdash ?? 0
  height = heights.get(entry) ?? 0
  bring(height, turn += 1)
}, true)

function bring(to, mine, calm = 0, left = 300) {
  if (mine !== turn || left === 0) return
  const place = main()
  if (place && place.scrollTop !== to) place.scrollTop = to
  calm = place && still() && Math.abs(place.scrollTop - to) < 2 ? calm + 1 : 0
  if (calm < 12) setTimeout(() => bring(to, mine, calm, left - 1), 50)
}

export default function ({ data }) {
  usual = data.usual
}
