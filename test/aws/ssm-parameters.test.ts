import { randomUUID } from 'node:crypto';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { expect, it } from 'vitest';
import { createSsmClient, SsmParameters } from '../../lib/drains/aws/ssm-parameters.ts';
import { parameterStoreContract } from '../contract/drains/parameter-store.ts';

parameterStoreContract('SsmParameters on moto', async () => {
  const client = createSsmClient();
  return { parameters: new SsmParameters(client, randomUUID()), close: async () => client.destroy() };
});

it('keeps parameters as SecureStrings: what is read without decryption is not the value', async () => {
  const client = createSsmClient();
  const stage = randomUUID();
  await new SsmParameters(client, stage).put('urls/shop', 'https://drain:secret@example/');

  const { Parameter: parameter } = await client.send(
    new GetParameterCommand({ Name: `/cistern/${stage}/urls/shop` }),
  );

  expect(parameter?.Type).toBe('SecureString');
  expect(parameter?.Value).not.toBe('https://drain:secret@example/');
  client.destroy();
});
