/** fast-check with the same examples in every run, so that a red one means a change; NEW_EXAMPLES=1 looks for new ones. */
import fc from 'fast-check';

if (!process.env.NEW_EXAMPLES) fc.configureGlobal({ seed: 1 });

export { default } from 'fast-check';
