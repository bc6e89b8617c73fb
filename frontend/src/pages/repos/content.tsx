import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { fileAddress, fileHeadQuery, type RepoFile } from '../../api/repos';
import { bytes, count } from '../../ui/format';
import { messageOf, Notice, Skeleton } from '../../ui/parts';
import { readRecords } from '../import/sources';
import { LabelCounts } from '../tasks/columns';
import { TaskPicture, TaskWords } from '../tasks/task-picture';
import { tallyOf } from '../tasks/task-results';
import '../tasks/tasks.css';
import { endingOfPath, kindOfPath, looksLikeText, openedBy, prettyJson } from './content-kind';
import { coloursOf, type Labelled, labelledIn, pictureOfData, wordsOfData } from './label-file';
import { useProjectColours } from './label-colours';
import { RowTable } from './row-table';

const ParquetView = lazy(() => import('./parquet-view').then((module) => ({ default: module.ParquetView })));

interface ContentProps {
  repo: number;
  at: string;
  file: RepoFile;
}

const MOST_BYTES = 256 * 1024;
const MOST_ROWS = 100;
const MOST_LETTERS = 40_000;
const MOST_WORDS = 1200;

/** What a file holds, as far as a browser can show it. */
export function Content({ repo, at, file }: ContentProps) {
  const kind = kindOfPath(file.path, file.metadata);
  if (kind === 'picture') return <Picture repo={repo} at={at} file={file} />;
  if (kind === 'parquet') return <Suspense fallback={<Skeleton width="80%" />}><ParquetView repo={repo} at={at} file={file} /></Suspense>;
  return <Words repo={repo} at={at} file={file} />;
}

function Picture({ repo, at, file }: ContentProps) {
  const [isBroken, setBroken] = useState(false);
  if (isBroken) return <Notice tone="warn">This picture cannot be drawn. {openedBy(file.path)}</Notice>;
  return <a className="whole-picture" href={fileAddress(repo, at, file.path)} target="_blank" rel="noreferrer" title="As large as it is"><img src={fileAddress(repo, at, file.path)} alt={file.path} decoding="async" onError={() => setBroken(true)} /></a>;
}

const NotShown = ({ file }: { file: RepoFile }) => <Notice>It is not shown here. {openedBy(file.path)}</Notice>;

function Words({ repo, at, file }: ContentProps) {
  const head = useQuery(fileHeadQuery(repo, at, file, MOST_BYTES));
  const known = useProjectColours(repo, at, kindOfPath(file.path, file.metadata) === 'json');
  if (file.size_bytes === 0) return <p className="muted">The file is empty.</p>;
  if (head.isPending) return <div className="col" style={{ gap: 8 }}><Skeleton width="80%" /><Skeleton width="60%" /><Skeleton width="70%" /></div>;
  if (head.isError) return <Notice tone="bad">{messageOf(head.error)}</Notice>;
  const kind = kindOfPath(file.path, file.metadata);
  if (kind === 'other' && !looksLikeText(head.data)) return <NotShown file={file} />;
  const text = new TextDecoder().decode(head.data);
  const isCut = file.size_bytes > head.data.length;
  const labelled = isCut ? undefined : labelledIn(text);
  return (
    <>
      {labelled && <LabelledView labelled={labelled} colours={new Map([...coloursOf(labelled.results), ...known])} />}
      {kind === 'table' ? <Table text={text} separator={endingOfPath(file.path) === 'tsv' ? '\t' : ','} /> : <pre className="mono file-text">{shortened(kind === 'json' || labelled ? prettyJson(text) : text)}</pre>}
      {isCut && <p className="muted small">The first {bytes(head.data.length)} of {bytes(file.size_bytes)}.</p>}
    </>
  );
}

const shortened = (text: string): string => (text.length > MOST_LETTERS ? `${text.slice(0, MOST_LETTERS)}…` : text);

/** An annotation as a person sees it: drawn on its picture or marked in its text. */
export function LabelledView({ labelled, colours = coloursOf(labelled.results), alt = '' }: { labelled: Labelled; colours?: ReadonlyMap<string, string>; alt?: string }) {
  const picture = pictureOfData(labelled.data, labelled.at);
  const legend = <span className="label-legend"><LabelCounts labels={tallyOf(labelled.results)} colours={colours} /></span>;
  if (picture) return <><span className="labelled-picture"><TaskPicture address={picture} results={labelled.results} isPredicted={false} colours={colours} fit="contain" alt={alt} stroke={2} /></span>{legend}</>;
  const words = wordsOfData(labelled.data);
  return words ? <><p className="preview-words"><TaskWords text={words} results={labelled.results} isPredicted={false} colours={colours} most={MOST_WORDS} /></p>{legend}</> : null;
}

function Table({ text, separator }: { text: string; separator: string }) {
  const [head = [], ...rows] = readRecords(text, separator, MOST_ROWS + 1);
  return (
    <>
      <RowTable head={head} rows={rows} />
      {rows.length >= MOST_ROWS && <p className="muted small">The first {count(MOST_ROWS)} rows.</p>}
    </>
  );
}
