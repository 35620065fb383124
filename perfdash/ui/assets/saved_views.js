// The address of what is in view: to be copied, also as it is known now, and to be kept under a name.
const root = () => document.querySelector("meta[name=perfdash-root]")?.content ?? "."
const address = (view) => `${root()}/${view.page}${view.query ? `?${view.query}` : ""}`

function made(kind, words, more = {}) {
  return Object.assign(document.createElement(kind), { textContent: words }, more)
}

async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = made("textarea", text)  // a page without TLS has no clipboard of its own
  document.body.append(field)
  field.select()
  document.execCommand("copy")
  field.remove()
}

function copying(words, link) {
  const button = made("button", words, { type: "button" })
  button.onclick = async () => {
    await copy(link())
    button.textContent = "Copied"
    setTimeout(() => { button.textContent = words }, 2000)
  }
  return button
}

function pinned(now) {
  const link = new URL(location.href)
  link.searchParams.set("as_of", now)
  return link.href
}

function open(event, view) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return
  event.preventDefault()
  history.pushState({}, "", address(view))
  window.dispatchEvent(new PopStateEvent("popstate", { state: history.state }))
}

function kept(view, setTriggerValue) {
  const line = made("li", "")
  const link = made("a", view.name, { href: address(view) })
  link.onclick = (event) => open(event, view)
  const remove = made("button", "×", { type: "button", title: `Remove ${view.name}`, className: "remove" })
  remove.setAttribute("aria-label", `Remove ${view.name}`)
  remove.onclick = () => setTriggerValue("remove", view.name)
  line.append(link, remove)
  return line
}

function form(setTriggerValue) {
  const name = made("input", "", { type: "text", maxLength: 80, placeholder: "Name of this view" })
  name.setAttribute("aria-label", "Name of this view")
  const whole = made("form", "")
  whole.append(name, made("button", "Save", { type: "submit" }))
  whole.onsubmit = (event) => {
    event.preventDefault()
    if (name.value.trim()) setTriggerValue("save", name.value)
    name.value = ""
  }
  return whole
}

let isOpen = false
export default function ({ data, parentElement, setTriggerValue }) {
  const place = parentElement.querySelector(".views")
  const shown = JSON.stringify(data)
  if (place.dataset.shown === shown) return
  place.dataset.shown = shown
  const copies = made("div", "", { className: "copies" })
  copies.append(copying("Copy link", () => location.href))
  if (data.now) copies.append(copying("Copy link pinned to now", () => pinned(data.now)))
  const list = made("ul", "")
  list.append(...data.views.map((view) => kept(view, setTriggerValue)))
  const views = made("details", "", { open: isOpen })
  views.ontoggle = () => { isOpen = views.open }
  const count = data.views.length
  views.append(made("summary", count ? `Saved views (${count})` : "Saved views"), list, form(setTriggerValue))
  place.replaceChildren(copies, views)
}
