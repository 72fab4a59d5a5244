/** How Cistern is called where an operator has it: in its repository. `target` is `--stage prod`, or nothing. */
export function commandLine(command: string, target: string): string {
  return ['npm run -s cistern --', command, target].filter((part) => part !== '').join(' ');
}

/** Makes each `cistern …` between backticks a command that can be pasted and works on this target. */
export function readyToPaste(text: string, target: string): string {
  return text.replaceAll(
    /`cistern (?!serve\b)([^`]+)`/g,
    (_, command: string) => `\`${commandLine(command, target)}\``,
  );
}
