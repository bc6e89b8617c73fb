import { useQuery } from '@tanstack/react-query';
import { useMemo, useState, type ReactNode } from 'react';
import { type Change, fileAddress, fileHeadQuery, type Repo, type RepoFile } from '../../api/repos';
import { bytes, counted } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { messageOf, Notice, Pill, Skeleton, type Tone } from '../../ui/parts';
import { kindOfPath, looksLikeText, openedBy, prettyJson } from './content-kind';
import { LabelledView } from './content';
import { coloursOf, labelledIn, pictureOfData, regionChanges, sentenceOfRegions, wordsOfData, type Labelled } from './label-file';
import { useProjectColours } from './label-colours';
import { diffLines, hunksOf } from './text-diff';

interface ChangeProps {
  repo: Repo;
  change: Change;
  /** The commits on both sides; null before the first. */
  before: string | null;
  after: string;
  isOpenFirst: boolean;
  /** What the sides are called, where one is not older than the other. */
  names?: SideNames;
}

type SideNames = readonly [left: string, right: string];
const IN_TIME: SideNames = ['Before', 'After'];

const TONES: Record<Change['change'], Tone> = { added: 'good', changed: 'warn', removed: 'bad' };
const MOST_BYTES = 512 * 1024;

/** One file on both sides: pictures and regions side by side, texts line by line. */
export function ChangeView({ repo, change, before, after, isOpenFirst, names = IN_TIME }: ChangeProps) {
  const [isOpen, setOpen] = useState(isOpenFirst);
  return (
    <section className="change" aria-label={change.path}>
      <button type="button" className="change-head" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <Icon name="right" /><span className="mono cut grow">{change.path}</span>
        <span className="muted small wide">{sizesOf(change)}</span><Pill tone={TONES[change.change]}>{change.change}</Pill>
      </button>
      {isOpen && <div className="change-body"><Sides repo={repo.id} change={change} before={before} after={after} names={names} /></div>}
    </section>
  );
}

function sizesOf({ old, new: now }: Change): string {
  if (old && now) return `${bytes(old.size_bytes)} → ${bytes(now.size_bytes)}`;
  return bytes((old ?? now)?.size_bytes ?? 0);
}

type SidesProps = Pick<ChangeProps, 'change' | 'before' | 'after'> & { repo: number; names: SideNames };

function Sides(props: SidesProps) {
  const { change } = props;
  const kind = kindOfPath(change.path, (change.new ?? change.old)?.metadata);
  if (kind === 'picture') return <Pictures {...props} />;
  const largest = Math.max(change.old?.size_bytes ?? 0, change.new?.size_bytes ?? 0);
  if (kind === 'parquet' || largest > MOST_BYTES) return <p className="two">{kind === 'parquet' ? openedBy(change.path) : `Too large to compare here (${bytes(largest)}).`} <Downloads {...props} /></p>;
  return <Texts {...props} />;
}

const Downloads = ({ repo, change, before, after, names: [left, right] }: SidesProps) => (
  <>
    {change.old && before && <a className="link" href={fileAddress(repo, before, change.path)}>{left}</a>} {change.new && <a className="link" href={fileAddress(repo, after, change.path)}>{right}</a>}
  </>
);

const Pair = ({ before, after, names: [left, right] }: { before: ReactNode; after: ReactNode; names: SideNames }) => (
  <div className="sides"><figure><figcaption>{left}</figcaption>{before}</figure><figure><figcaption>{right}</figcaption>{after}</figure></div>
);

const Missing = ({ words }: { words: string }) => <span className="side-none">{words}</span>;

const Pictures = ({ repo, change, before, after, names }: SidesProps) => {
  const shown = (file: RepoFile | null, at: string | null) => (file && at ? <a className="whole-picture" href={fileAddress(repo, at, file.path)} target="_blank" rel="noreferrer"><img src={fileAddress(repo, at, file.path)} alt={file.path} loading="lazy" decoding="async" /></a> : undefined);
  const [none, gone] = names === IN_TIME ? ['Not there yet', 'Not there any more'] as const : ['Deleted', 'Deleted'] as const;
  return <Pair names={names} before={shown(change.old, before) ?? <Missing words={none} />} after={shown(change.new, after) ?? <Missing words={gone} />} />;
};

/** The text of one side; "" where the file is not there. */
function useSide(repo: number, at: string | null, file: RepoFile | null) {
  const isThere = file !== null && at !== null && file.size_bytes > 0;
  const head = useQuery({ ...fileHeadQuery(repo, at ?? '', file ?? { path: '', id: '' }, MOST_BYTES), enabled: isThere });
  return { isPending: isThere && head.isPending, error: head.error, bytes: isThere ? head.data : new Uint8Array() };
}

function Texts(props: SidesProps) {
  const { repo, change, before, after, names } = props;
  const [old, now] = [useSide(repo, before, change.old), useSide(repo, after, change.new)];
  const colours = useProjectColours(repo, after, kindOfPath(change.path) === 'json');
  if (old.isPending || now.isPending) return <div className="col" style={{ gap: 8 }}><Skeleton width="70%" /><Skeleton width="50%" /></div>;
  if (old.error || now.error) return <Notice tone="bad">{messageOf(old.error ?? now.error)}</Notice>;
  if (!old.bytes || !now.bytes) return null;
  if (!looksLikeText(old.bytes) || !looksLikeText(now.bytes)) return <p className="two">{openedBy(change.path)} <Downloads {...props} /></p>;
  const decode = (side: Uint8Array) => new TextDecoder().decode(side);
  return <TextChange path={change.path} before={change.old && decode(old.bytes)} after={change.new && decode(now.bytes)} names={names} colours={colours} />;
}

/** Two texts, null where the file is not there: as labels where both are, else line by line. */
export function TextChange({ path, before, after, names, colours }: { path: string; before: string | null; after: string | null; names: SideNames; colours: ReadonlyMap<string, string> }) {
  const [asText, setAsText] = useState(false);
  const [a, b] = useMemo(() => [before === null ? undefined : labelledIn(before), after === null ? undefined : labelledIn(after)], [before, after]);
  const isLabels = (a !== undefined || before === null) && (b !== undefined || after === null) && [a, b].some((side) => side && (pictureOfData(side.data) || wordsOfData(side.data)));
  const isJson = isLabels || kindOfPath(path) === 'json';
  const [left, right] = [before ?? '', after ?? ''].map((text) => (isJson ? prettyJson(text) : text)) as [string, string];
  if (!isLabels) return <Lines before={left} after={right} />;
  return (
    <div className="col" style={{ gap: 10 }}>
      <div className="row wrap"><span className="two">{sentenceOfRegions(regionChanges(a?.results ?? [], b?.results ?? [])) || 'The regions are the same.'}</span><span className="grow" />
        <span className="seg" role="group" aria-label="How it is shown">{([[false, 'Regions'], [true, 'Text']] as const).map(([text, words]) => <button key={words} type="button" className={asText === text ? 'on' : ''} aria-pressed={asText === text} onClick={() => setAsText(text)}>{words}</button>)}</span>
      </div>
      {asText ? <Lines before={left} after={right} /> : <LabelSides before={a} after={b} names={names} known={colours} />}
    </div>
  );
}

function LabelSides({ before, after, names, known }: { before: Labelled | undefined; after: Labelled | undefined; names: SideNames; known: ReadonlyMap<string, string> }) {
  const colours = new Map([...coloursOf(before?.results ?? [], after?.results ?? []), ...known]);
  const shown = (side: Labelled | undefined, words: string) => (side ? <LabelledView labelled={side} colours={colours} alt={side.task === undefined ? '' : `Task ${side.task}`} /> : <Missing words={words} />);
  return <Pair names={names} before={shown(before, 'Not labelled yet')} after={shown(after, 'No labels any more')} />;
}

const SIGNS = { same: ' ', added: '+', removed: '−' } as const;

function Lines({ before, after }: { before: string; after: string }) {
  const hunks = useMemo(() => hunksOf(diffLines(before, after)), [before, after]);
  if (hunks.length === 0) return <p className="two">The words are the same; only blanks, ends of lines or the metadata differ.</p>;
  return (
    <div className="diff" role="region" aria-label="Lines that changed" tabIndex={0}>
      <table><tbody>
        {hunks.flatMap((hunk, at) => [
          ...(hunk.skipped > 0 ? [<tr key={`gap ${at}`} className="gap"><td colSpan={4}>{counted(hunk.skipped, 'line')} the same</td></tr>] : []),
          ...hunk.lines.map((line) => (
            <tr key={`${line.kind} ${line.old ?? ''} ${line.new ?? ''}`} className={line.kind}>
              <td className="n">{line.old ?? ''}</td><td className="n">{line.new ?? ''}</td><td className="sign">{SIGNS[line.kind]}</td><td>{line.text}</td>
            </tr>
          )),
        ])}
      </tbody></table>
    </div>
  );
}
