/** Where the focus goes among the names of a file table when what had it is gone. */

const names = (): HTMLAnchorElement[] => [...document.querySelectorAll<HTMLAnchorElement>('a.file-name')];

/** The path beside one in the table: the next, else the one before; nothing where it stands alone. */
export function pathBeside(path: string): string | undefined {
  const paths = names().map((link) => link.dataset['path'] ?? '');
  const at = paths.indexOf(path);
  return at < 0 ? undefined : (paths[at + 1] ?? paths[at - 1]);
}

/** Gives the focus to the name of a file, or to the first: from there the arrows walk. */
export const enterNames = (path: string | undefined): void => (names().find((link) => link.dataset['path'] === path) ?? names()[0])?.focus();

/** Gives the focus to the name of a file once the page is drawn, unless something else has it by then. */
export function focusName(path: string | undefined): void {
  requestAnimationFrame(() => requestAnimationFrame(() => { // a dialog that closes looks for its own place in the first
    if (document.activeElement && document.activeElement !== document.body) return;
    (names().find((link) => link.dataset['path'] === path) ?? names()[0])?.focus();
  }));
}
