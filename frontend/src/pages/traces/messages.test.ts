import { expect, test } from 'vitest';
import { messagesIn } from './messages';

const told = (value: unknown) => messagesIn(value)?.map(({ role, text, others, calls }) => [role, text, others.join(), calls.map(({ name, input }) => `${name} ${JSON.stringify(input)}`).join()]);

test('conversations are found in the forms of the libraries', () => {
  expect(told({ model: 'm', messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: {} }] }] })).toEqual([['system', 'Be brief.', '', ''], ['user', 'What is it?', 'image url', '']]);
  expect(told({ choices: [{ message: { role: 'assistant', content: null, tool_calls: [{ function: { name: 'look', arguments: '{"at":1}' } }] } }] })).toEqual([['assistant', '', '', 'look {"at":1}']]);
  expect(told([[{ type: 'human', content: 'Hello' }, { type: 'ai', content: 'Good day' }]])).toEqual([['user', 'Hello', '', ''], ['assistant', 'Good day', '', '']]);
  expect(told({ role: 'assistant', content: [{ type: 'text', text: 'I look.' }, { type: 'tool_use', name: 'look', input: { at: 2 } }] })).toEqual([['assistant', 'I look.', '', 'look {"at":2}']]);
  expect(told({ contents: [{ role: 'model', parts: [{ text: 'Yes' }] }] })).toEqual([['assistant', 'Yes', '', '']]);
  expect(told({ input: [{ type: 'function_call', name: 'look', arguments: '{}' }, { type: 'function_call_output', output: 'A cat' }] })).toEqual([['assistant', '', '', 'look {}'], ['tool', 'A cat', '', '']]);
});

test('what is no conversation is left as it is', () => {
  for (const value of ['text', 3, null, [], [1, 2], { question: 'x' }, { messages: ['a', 'b'] }, { type: 'user' }, { output: [{ score: 1 }] }]) expect(messagesIn(value)).toBeUndefined();
});
