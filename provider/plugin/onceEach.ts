/** Shows each line once. */
export function onceEach(): (line: string, show: (line: string) => void) => void {
  const shown = new Set<string>();
  return (line, show) => {
    if (shown.has(line)) return;
    shown.add(line);
    show(line);
  };
}
