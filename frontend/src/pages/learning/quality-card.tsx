import { useQuery } from '@tanstack/react-query';
import { type CSSProperties, useState } from 'react';
import { type Judged, modelVersionsOfQuery, type Quality, qualityQuery } from '../../api/learning';
import { count, counted } from '../../ui/format';
import { Skeleton } from '../../ui/parts';
import { dayNumber, shownDay } from '../progress/curve';
import { labelColours } from '../tasks/task-kind';
import type { CardProps } from './learning';
import { JUDGEMENT_WORDS, JUDGEMENTS, judgedInAll } from './words';

/** What people did with what each version said. */
export function QualityCard({ project, backend }: CardProps) {
  const quality = useQuery(qualityQuery(project.id));
  const versions = useQuery(modelVersionsOfQuery(project.id, backend.id)).data ?? [];
  const [wanted, setWanted] = useState<string>();
  if (quality.isPending) return <section className="card"><Skeleton width="100%" height={90} /></section>;
  const told = quality.data;
  if (!told || told.versions.length === 0) return null;
  const numberOf = (name: string) => { const found = versions.find((each) => each.name === name); return found ? `Version ${found.number}` : name; };
  const listed = [...told.versions].sort((a, b) => orderOf(b.version, versions) - orderOf(a.version, versions));
  const chosen = listed.find(({ version }) => version === wanted) ?? listed.find(({ version }) => version === backend.serving_version?.name) ?? listed[0];
  if (!chosen) return null;
  return (
    <section className="card" aria-labelledby="quality">
      <div className="row wrap card-head"><h2 id="quality">What people did with its suggestions</h2><span className="grow" /><Legend /></div>
      <ul className="judged">
        {listed.map((each) => (
          <li key={each.version}><button type="button" className={each === chosen ? 'judged-row on' : 'judged-row'} aria-pressed={each === chosen} onClick={() => setWanted(each.version)}><span className="unseen">{inWords(each)}, </span><span className="cut">{numberOf(each.version)}</span><Bar judged={each} /><span className="num">{share(each.kept, each)} kept</span></button></li>
        ))}
      </ul>
      <LabelTable quality={told} version={chosen.version} colours={labelColours(project)} />
      <Days quality={told} version={chosen.version} name={numberOf(chosen.version)} />
    </section>
  );
}

const orderOf = (name: string, versions: ReadonlyArray<{ name: string; number: number }>): number => versions.find((each) => each.name === name)?.number ?? -1;

/** Of what the model said; what it missed has no place in it. */
function share(part: number, judged: Judged): string {
  const said = judgedInAll(judged) - judged.added;
  return said === 0 ? '–' : `${Math.round((part / said) * 100)} %`;
}

const inWords = (judged: Judged): string => JUDGEMENTS.map((key) => `${JUDGEMENT_WORDS[key].name.toLowerCase()} ${judged[key]}`).join(', ');

const Legend = () => <span className="row wrap legend small two">{JUDGEMENTS.map((key) => <span key={key} className="row" title={JUDGEMENT_WORDS[key].help}><span className={`sq judged-${key}`} />{JUDGEMENT_WORDS[key].name}</span>)}</span>;

function Bar({ judged }: { judged: Judged }) {
  const all = judgedInAll(judged) || 1;
  return <span className="judged-bar" aria-hidden="true">{JUDGEMENTS.map((key) => (judged[key] > 0 ? <i key={key} className={`judged-${key}`} style={{ width: `${(judged[key] / all) * 100}%` }} title={`${JUDGEMENT_WORDS[key].name}: ${count(judged[key])}`} /> : null))}</span>;
}

function LabelTable({ quality, version, colours }: { quality: Quality; version: string; colours: ReadonlyMap<string, string> }) {
  const rows = quality.labels.filter((each) => each.version === version).sort((a, b) => judgedInAll(b) - judgedInAll(a));
  if (rows.length === 0) return null;
  return (
    <div className="score-scroll" tabIndex={0} role="region" aria-label="By label">
      <table className="table scores judged-table">
        <thead><tr><th>Label</th>{JUDGEMENTS.map((key) => <th key={key} className="num" title={JUDGEMENT_WORDS[key].help}>{JUDGEMENT_WORDS[key].name}</th>)}</tr></thead>
        <tbody>{rows.map((row) => <tr key={row.label}><td className="main"><span className="row" style={{ '--c': colours.get(row.label) } as CSSProperties}>{colours.has(row.label) && <span className="sq" />}<span className="cut" title={row.label}>{row.label || 'without a label'}</span></span></td>{JUDGEMENTS.map((key) => <td key={key} className={row[key] === 0 ? 'num muted' : 'num'}>{count(row[key])}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

const MOST_DAYS = 30;

/** The same over the days, so that one sees a model grow old. */
function Days({ quality, version, name }: { quality: Quality; version: string; name: string }) {
  const days = quality.days.filter((each) => each.version === version).sort((a, b) => a.day.localeCompare(b.day)).slice(-MOST_DAYS);
  if (days.length < 2) return null;
  return (
    <div className="judged-days" role="list" aria-label={`${name} by day`} style={{ gridTemplateColumns: `repeat(${days.length}, minmax(4px, 34px))` }}>
      {days.map((each) => {
        const all = judgedInAll(each) || 1;
        const day = shownDay(dayNumber(each.day));
        return <span key={each.day} role="listitem" className="judged-day" title={`${day}: ${counted(all, 'region')}, ${inWords(each)}`} aria-label={`${day}: ${inWords(each)}`}>{JUDGEMENTS.map((key) => (each[key] > 0 ? <i key={key} className={`judged-${key}`} style={{ height: `${(each[key] / all) * 100}%` }} /> : null))}</span>;
      })}
      <span className="judged-ends small muted" aria-hidden="true"><span>{shownDay(dayNumber(days[0]?.day ?? ''))}</span><span>{shownDay(dayNumber(days.at(-1)?.day ?? ''))}</span></span>
    </div>
  );
}
