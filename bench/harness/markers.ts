/** What stands between the markers of that name is replaced. */
export const replaceBetween = (text: string, replacement: string, name = "results"): string => {
  const begin = `<!-- ${name}: begin -->`
  const end = `<!-- ${name}: end -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`the page has no ${begin} before an ${end}`)
  return `${text.slice(0, from + begin.length)}\n\n${replacement}\n\n${text.slice(to)}`
}
