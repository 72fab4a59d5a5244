/** How the operator calls Cistern: in its repository, or the installed package, whose build sets the variable. */
const program = process.env['CISTERN_PROGRAM'] ?? 'npm run -s cistern --';

/** A command that can be pasted. `target` is `--stage prod`, or nothing. */
export function commandLine(command: string, target = ''): string {
  return [program, command, target].filter((part) => part !== '').join(' ');
}

/** Makes each `cistern …` between backticks a command that can be pasted and works on this target. */
export function readyToPaste(text: string, target: string): string {
  return text.replaceAll(
    /`cistern (?!serve\b)([^`]+)`/g,
    (_, command: string) => `\`${commandLine(command, target)}\``,
  );
}
