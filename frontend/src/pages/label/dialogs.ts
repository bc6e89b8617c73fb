/** The dialogs of the page, in one file to fetch. */
export { HeldDialog } from './held-dialog.tsx';
export { Instructions } from './instructions.tsx';
export { KeysDialog } from './keys-dialog.tsx';
export { PaletteDialog } from './palette-dialog.tsx';
export { SignInDialog } from './sign-in-dialog.tsx';
