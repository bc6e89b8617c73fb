import { t } from '../../i18n/words';
import { messageOf } from '../../ui/parts';
import { say } from '../../ui/toast';
import type { PathedFile } from './tar';

/** Every file of a drop with its path below the folders that were dropped; hidden files are left out. */
export async function droppedFiles(transfer: DataTransfer): Promise<PathedFile[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return pickedFiles([...transfer.files]);
  return (await Promise.all(entries.map(filesUnder))).flat().filter(({ path }) => !isHidden(path));
}

/** Tells that nothing of a drop could be taken: a file was moved away meanwhile, or may not be read. */
export const sayUnreadable = (error: unknown): void => say(t('What was dropped could not be read: {error} Nothing was added.', { error: messageOf(error) }), { tone: 'bad' });

/** Files that were picked one by one, or as a folder. */
export const pickedFiles = (files: readonly File[]): PathedFile[] =>
  files.map((file) => ({ path: (file.webkitRelativePath || file.name).normalize('NFC'), file })).filter(({ path }) => !isHidden(path));

const isHidden = (path: string): boolean => path.split('/').some((part) => part.startsWith('.') || part === 'Thumbs.db' || part === '__MACOSX');

async function filesUnder(entry: FileSystemEntry): Promise<PathedFile[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path: entry.fullPath.replace(/^\//, '').normalize('NFC'), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) break; // a reader hands out a hundred at a time
    inside.push(...some);
  }
  return (await Promise.all(inside.map(filesUnder))).flat();
}
