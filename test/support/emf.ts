import type { MetricDatum } from '@aws-sdk/client-cloudwatch';
import { vi } from 'vitest';
import * as z from 'zod';
import { PowertoolsCounters } from '../../lib/metrics/aws/powertools-counters.ts';
import type { CountingService, Sample } from '../../lib/metrics/counters.ts';

const emf = z.looseObject({
  _aws: z.object({
    CloudWatchMetrics: z.array(
      z.object({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string())),
        Metrics: z.array(z.object({ Name: z.string(), Unit: z.string() })),
      }),
    ),
  }),
});
const value = z.union([z.number(), z.array(z.number())]);

export interface NamespacedDatum {
  readonly namespace: string;
  readonly datum: MetricDatum & { readonly MetricName: string; readonly Value: number };
}

/** What CloudWatch makes of the line that a function writes for a sample: a value a metric and dimension set. */
export function metricsOf(
  stage: string,
  sample: Sample,
  at: number,
  service?: CountingService,
): NamespacedDatum[] {
  const lines: string[] = [];
  const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    lines.push(String(line));
    return true;
  });
  try {
    new PowertoolsCounters(stage, service).record(sample);
  } finally {
    stdout.mockRestore();
  }
  return lines.flatMap((line) => {
    const fields = emf.parse(JSON.parse(line));
    return fields._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
      Dimensions.flatMap((names) =>
        Metrics.flatMap(({ Name }) =>
          [value.parse(fields[Name])].flat().map((Value) => ({
            namespace: Namespace,
            datum: {
              MetricName: Name,
              Dimensions: names.map((name) => ({ Name: name, Value: String(fields[name]) })),
              Timestamp: new Date(at),
              Value,
            },
          })),
        ),
      ),
    );
  });
}
