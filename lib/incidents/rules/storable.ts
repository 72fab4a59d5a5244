import { cut, oneLine } from '../../base/text.ts';
import type { Evidence, Finding, Memory } from '../../findings/finding.ts';

const longestSummary = 500;
const longestRemedy = 1_500;
const longestValue = 1_000;

/**
 * A finding as the state, the timelines and the channels can hold it, whatever its check has quoted: short texts
 * on one line, and no number that JSON has no word for.
 */
export function storable({ since, evidence, memory, ...finding }: Finding): Finding {
  return {
    ...finding,
    summary: cut(oneLine(finding.summary), longestSummary),
    remedy: cut(oneLine(finding.remedy), longestRemedy),
    evidence: storableEvidence(evidence),
    ...(since === undefined || Number.isNaN(since) ? {} : { since }),
    ...(memory === undefined ? {} : { memory: storableMemory(memory) }),
  };
}

function storableEvidence(evidence: Evidence): Evidence {
  return Object.fromEntries(
    Object.entries(evidence).map(([name, value]) => {
      if (typeof value === 'string') return [name, cut(oneLine(value), longestValue)];
      return [name, typeof value === 'number' && !Number.isFinite(value) ? String(value) : value];
    }),
  );
}

/** What is no number any more is not remembered. */
function storableMemory(memory: Memory): Memory {
  return Object.fromEntries(
    Object.entries(memory).flatMap(([name, value]): [string, Memory[string]][] => {
      if (typeof value !== 'object') return isKept(value) ? [[name, value]] : [];
      return [[name, Object.fromEntries(Object.entries(value).filter(([, each]) => isKept(each)))]];
    }),
  );
}

function isKept(value: string | number | boolean): boolean {
  return typeof value !== 'number' || Number.isFinite(value);
}
