import { checkNames } from './finding.ts';

/** P0 is the worst; P0 and P1 page (P2 too where it comes from a critical finding outside production). */
export const severities = ['P0', 'P1', 'P2', 'P3', 'P4'] as const;
export type Severity = (typeof severities)[number];

/** What an incident is about: a check's finding, or whatever a person says (`manual`). */
export const incidentChecks = [...checkNames, 'manual'] as const;
export type IncidentCheck = (typeof incidentChecks)[number];
