import * as z from 'zod';
import { unsent } from '../alert.ts';
import { incidentEvent } from '../incident.ts';
import { emptyState, liveIncident, mute, type State, state, subjectState } from '../state.ts';

/**
 * What can be understood of a state that can't be as a whole: damaged by hand, or written by a later version that
 * knows a check, say, that this one does not. Undefined where nothing can.
 */
export function restOf(value: unknown): State | undefined {
  const parsed = readable.safeParse(value);
  if (!parsed.success) return undefined;
  const { ranAt, ...rest } = parsed.data;
  return { ...emptyState, ...rest, ...(ranAt === undefined ? {} : { ranAt }) };
}

const readable = z.object({
  version: state.shape.version,
  ranAt: z.int().min(0).optional().catch(undefined),
  subjects: those(subjectState),
  incidents: those(liveIncident),
  mutes: listed(mute),
  unrecorded: listed(incidentEvent),
  unsent: listed(unsent),
});

/** The members of an object that are as they should be. */
function those<T extends z.ZodType>(schema: T) {
  return z
    .record(z.string(), z.unknown())
    .catch({})
    .transform((all) =>
      Object.fromEntries(
        Object.entries(all).flatMap(([key, each]): [string, z.output<T>][] => {
          const { success, data } = schema.safeParse(each);
          return success ? [[key, data]] : [];
        }),
      ),
    );
}

/** The elements of a list that are as they should be. */
function listed<T extends z.ZodType>(schema: T) {
  return z
    .array(z.unknown())
    .catch([])
    .transform((all) =>
      all.flatMap((each): z.output<T>[] => {
        const { success, data } = schema.safeParse(each);
        return success ? [data] : [];
      }),
    );
}
