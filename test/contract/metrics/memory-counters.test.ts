import { MemoryCounters } from '../../../lib/metrics/memory-counters.ts';
import { countersReaderContract } from './counters-reader.ts';

countersReaderContract('MemoryCounters', async () => {
  let now = 0;
  const counters = new MemoryCounters({ now: () => now });
  return {
    reader: counters,
    record: async (sample, at) => {
      now = at;
      counters.record(sample);
    },
    close: async () => undefined,
  };
});
