import type { Log } from '../base/log.ts';
import type { CounterName, Counters } from '../metrics/counters.ts';
import type { DeliveryOptions } from './delivery.ts';

/** Counts and logs that a path of the delivery is avoided, or used again. What it returns never throws. */
export function reportCircuit(counters: Counters, log: Log): DeliveryOptions['onSwitch'] {
  return (path, to) => {
    const counter: CounterName = `${path}-circuit-${to}`;
    if (to === 'opened') log.warn(`the ${path} fails: it is avoided, and tried again every few seconds`);
    else log.info(`the ${path} works: it is used again`);
    try {
      counters.record({ counts: { [counter]: 1 } });
    } catch (error) {
      log.error('a switch could not be counted', { error });
    }
  };
}
