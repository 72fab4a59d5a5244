import { expect, test } from 'vitest';
import { assumptions } from '../../lib/cost/assumptions.ts';
import { synthesise } from './synthesise.ts';

const stage = synthesise();

test('the model of costs counts the alarms of the stack', () => {
  expect(stage.ofType('AWS::CloudWatch::Alarm')).toHaveLength(assumptions.alarms);
});

test('the model of costs takes the memory of receiver, archiver and watch for what it is', () => {
  const sizes = stage.ofType('AWS::Lambda::Function').map(({ Properties }) => Properties['MemorySize']);
  expect(sizes.length).toBeGreaterThanOrEqual(4);
  expect(new Set(sizes)).toEqual(new Set([assumptions.functionGigabytes * 1024]));
});

test('its pollers are no more than may run the archiver by default', () => {
  const [messages] = stage.ofType('AWS::Lambda::EventSourceMapping');
  expect(messages?.Properties).toMatchObject({
    ScalingConfig: { MaximumConcurrency: assumptions.pollers },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
});
