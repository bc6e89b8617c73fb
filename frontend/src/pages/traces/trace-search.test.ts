import { expect, test } from 'vitest';
import { ApiError } from '../../api/client';
import { completeTraces, traceFilterOf, wrongTraceFilter } from './trace-search';

const names = { tags: ['team', 'my tag'], metadata: ['mlflow.trace.session'], feedback: ['relevance'], hasTokens: true };
const offers = (text: string) => completeTraces(text, text.length, names).found.map(({ text: offer }) => offer.trim());

test('names, operators and values are offered where they are due', () => {
  expect(offers('tag')).toEqual(['tags.team', 'tags.`my tag`']);
  expect(offers('metadata.')).toEqual(['metadata.`mlflow.trace.session`']);
  expect(offers('span.type ')).toEqual(['=', '!=', 'IN']);
  expect(offers('execution_time ')).toContain('>=');
  expect(offers('status = ')).toEqual(["'OK'", "'ERROR'", "'IN_PROGRESS'"]);
  expect(offers("status = 'OK' ")).toEqual(['AND']);
});

test('plain words are looked for in the spans', () => {
  expect(traceFilterOf(' a cat ')).toBe("trace.text ILIKE '%a cat%'");
  expect(traceFilterOf("status = 'OK'")).toBe("status = 'OK'");
});

test('the piece that MLflow quotes is where it was not understood', () => {
  const refused = (message: string, status = 400) => new ApiError(message, status, 'INVALID_PARAMETER_VALUE', {}, {});
  expect(wrongTraceFilter(refused("Invalid attribute key 'colour' specified. Valid keys are 'name'"), "status = 'OK' AND colour = 'red'")?.at).toBe(18);
  expect(wrongTraceFilter(refused('Something else'), 'x = 1')).toEqual({ at: undefined, message: 'Something else' });
  expect(wrongTraceFilter(refused("'x'", 500), 'x = 1')).toBeUndefined();
});
