import { useEffect, useRef, useState } from 'react';
import { plural, t } from '../../i18n/words';
import { bytes, count } from '../../ui/format';
import { Icon, type IconName } from '../../ui/icon';
import { fileOfPaste, filesOfDrop, kindOfFile, type SourceKind } from './sources';
import { sayUnreadable } from '../repos/dropped';
import './import.css';

interface DropProps {
  files: readonly File[];
  onFiles: (files: File[]) => void;
  disabled?: boolean;
}

const ICONS: Record<SourceKind, IconName> = { pictures: 'picture', table: 'columns', json: 'code', lines: 'code', texts: 'text', archive: 'file', others: 'file' };
const MOST_LISTED = 6;

/** Where files are dropped, picked or pasted; lists what it holds. */
export function DropZone({ files, onFiles, disabled = false }: DropProps) {
  const [over, setOver] = useState(false);
  const [pasting, setPasting] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const add = (more: readonly File[]) => onFiles([...files, ...more.filter((file) => !files.some((each) => isSame(each, file)))]);
  usePastedFiles(add);
  return (
    <div
      className={`drop${over ? ' over' : ''}${files.length ? ' filled' : ''}`} aria-disabled={disabled}
      onDragOver={(event) => { event.preventDefault(); setOver(true); }}
      onDragLeave={(event) => { if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setOver(false); }}
      onDrop={(event) => { event.preventDefault(); setOver(false); void filesOfDrop(event.dataTransfer).then(add, sayUnreadable); }}
    >
      {files.length === 0 && !pasting && <div className="drop-words"><Icon name="upload" size={22} /><b className="b">{t('Drop files or a folder here')}</b><span className="two">{t('Pictures, texts, JSON, JSONL, CSV, TSV, Parquet, or a ZIP of them')}</span></div>}
      {files.length > 0 && <FileList files={files} onFiles={onFiles} />}
      {pasting
        ? <PasteBox onPaste={(text) => { add([fileOfPaste(text)]); setPasting(false); }} onCancel={() => setPasting(false)} />
        : (
          <div className="row wrap drop-acts">
            <button type="button" className="btn" onClick={() => picker.current?.click()} disabled={disabled}>{files.length ? t('Add more files') : t('Choose files')}</button>
            <button type="button" className="btn ghost" onClick={() => setPasting(true)} disabled={disabled}>{t('Paste text')}</button>
          </div>
        )}
      <input ref={picker} type="file" multiple hidden aria-label={t('Files')} onChange={(event) => { add([...(event.target.files ?? [])]); event.target.value = ''; }} />
    </div>
  );
}

const isSame = (a: File, b: File): boolean => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;

function usePastedFiles(add: (files: readonly File[]) => void) {
  const latest = useRef(add);
  latest.current = add;
  useEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) latest.current(files);
    };
    window.addEventListener('paste', onPaste);
    return () => window.removeEventListener('paste', onPaste);
  }, []);
}

function FileList({ files, onFiles }: { files: readonly File[]; onFiles: (files: File[]) => void }) {
  const size = files.reduce((sum, file) => sum + file.size, 0);
  return (
    <div className="files">
      <div className="row"><b className="b">{plural(files.length, '{n} file', '{n} files')}</b><span className="muted">{bytes(size)}</span><span className="grow" /><button type="button" className="btn ghost small" onClick={() => onFiles([])}>{t('Remove all')}</button></div>
      <ul>
        {files.slice(0, MOST_LISTED).map((file, index) => (
          <li key={`${index} ${file.name}`} className="row">
            <Icon name={ICONS[kindOfFile(file)]} /><span className="cut grow" title={file.name}>{file.name}</span><span className="muted small">{bytes(file.size)}</span>
            <button type="button" className="btn ghost icon small" aria-label={t('Remove {name}', { name: file.name })} onClick={() => onFiles(files.filter((each) => each !== file))}><Icon name="close" /></button>
          </li>
        ))}
      </ul>
      {files.length > MOST_LISTED && <p className="muted small">{t('and {n} more', { n: count(files.length - MOST_LISTED) })}</p>}
    </div>
  );
}

function PasteBox({ onPaste, onCancel }: { onPaste: (text: string) => void; onCancel: () => void }) {
  const [text, setText] = useState('');
  return (
    <div className="col paste">
      <label className="field"><span className="label">{t('JSON, a table with a head, or one text a line')}</span>
        <textarea className="input mono-input" rows={7} value={text} onChange={(event) => setText(event.target.value)} autoFocus spellCheck={false} />
      </label>
      <div className="row"><button type="button" className="btn" disabled={!text.trim()} onClick={() => onPaste(text)}>{t('Use this text')}</button><button type="button" className="btn ghost" onClick={onCancel}>{t('Cancel')}</button></div>
    </div>
  );
}
