import { sharedUrlFor, storedUrl } from '../../../drains/admin.ts';
import type { AppName } from '../../../drains/app-name.ts';
import { parseReceiverUrl } from '../../../drains/drain-url.ts';
import { type ParameterStore, parameterNames } from '../../../drains/parameters.ts';

/**
 * Where a tracer for `app` goes: its own drain URL, else the shared one with its name in the path, each at the
 * receiver's address of today. Undefined when there is neither.
 */
export async function tracerUrl(parameters: ParameterStore, app: AppName): Promise<string | undefined> {
  const address = await parameters.get(parameterNames.receiverUrl);
  const receiver = address === undefined ? undefined : parseReceiverUrl(address);
  return (await storedUrl(parameters, receiver, app)) ?? sharedUrlFor(parameters, receiver, app);
}
