/** What the label page needs to ask a model while one draws; fetched only where a model can be asked. */
export { AskBar, AskButton } from './ask-bar.tsx';
export { Asking } from './asking.ts';
