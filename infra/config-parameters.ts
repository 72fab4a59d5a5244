import type { Config } from '../lib/config/config.ts';

/** Bytes that a standard parameter holds (SSM PutParameter, Value). */
const maxValue = 4096;

/** The values of `config/0` …: the configuration as JSON, cut to fit. lib/config/stored-config.ts joins them. */
export function configValues(config: Config): string[] {
  const json = parameterText(JSON.stringify(config));
  return Array.from({ length: Math.ceil(json.length / maxValue) }, (_, index) =>
    json.slice(index * maxValue, (index + 1) * maxValue),
  );
}

/**
 * The same JSON in ASCII, so that a character is a byte, and without `{{`, which SSM takes for a reference to
 * another parameter. Both can only stand inside a text.
 */
function parameterText(json: string): string {
  return json.replace(/[^\x20-\x7e]|(?<=\{)\{/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, '0');
    return `\\u${code}`;
  });
}
