import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { base } from '../../api/addresses';
import { type Check, examinationQuery, type Fix } from '../../api/doctor';
import { useKeys } from '../../app/keys';
import { Top } from '../../app/top';
import { counted } from '../../ui/format';
import { Icon, type IconName } from '../../ui/icon';
import { Notice, messageOf, Pill, Skeleton, type Tone } from '../../ui/parts';
import { Tip } from '../../ui/tip';
import { sayNotCopied } from '../../ui/toast';
import { AdminTabs } from './admin-frame';
import './set-up.css';
import { useWay } from './use-way';

/** For so many seconds an answer is waited for that comes late, unless the address says otherwise. */
const WAIT_S = 30;

const SIGNS: Record<Check['state'], [IconName, Tone, string]> = {
  well: ['check', 'good', 'Well'], warning: ['warn', 'warn', 'Warning'], fault: ['warn', 'bad', 'Fault'], untried: ['minus', '', 'Not tried'],
};

/** Is anything wrong with this installation, and what is to be changed? */
export function SetUpCheck() {
  const [round, setRound] = useState(0);
  const { wait = WAIT_S } = useSearch({ from: '/inside/admin/set-up' });
  const way = useWay(round, wait);
  const here = useQuery(examinationQuery);
  const isBusy = way.trying.size > 0 || here.isFetching;
  const again = () => { if (!isBusy) { setRound(round + 1); void here.refetch(); } };
  useKeys({ r: again });
  const found = here.data ?? [];
  return (
    <>
      <Top crumb="Administration" title="Set-up check">
        <Verdict checks={[...way.checks, ...found]} isBusy={isBusy} isUnknown={Boolean(way.error || here.error)} />
        <span className="grow" />
        <Tip text="Look again" keys="R"><button type="button" className="btn primary" aria-disabled={isBusy} onClick={again}>{isBusy ? <span className="turn" /> : <Icon name="again" />}<span className="wide">Check again</span><span className="slim unseen">Check again</span></button></Tip>
      </Top>
      <AdminTabs />
      <div className="scroll" role="region" aria-label="Set-up check" tabIndex={0}>
        <div className="narrow set-up">
          <Section title="The way from this browser" about={base.href} checks={way.checks} trying={way.trying} wait={wait} error={way.error} lines={9} />
          <Section title="The server’s machine" checks={found.filter(({ place }) => place === 'machine')} error={here.error} lines={4} />
          <Section title="What it works with" checks={found.filter(({ place }) => place === 'parts')} error={undefined} lines={here.error ? 0 : 5} />
          <p className="muted small">The same from a terminal, from any place: <code className="mono">treadle doctor {base.href.replace(/\/$/, '')}</code>, or <code className="mono">treadle doctor</code> on the server’s machine.</p>
        </div>
      </div>
    </>
  );
}

/**
 * How many faults, in the bar; told to those who hear the page once all is tried.
 * isUnknown: one half could not be looked at, so that nothing can be called right.
 */
function Verdict({ checks, isBusy, isUnknown }: { checks: Check[]; isBusy: boolean; isUnknown: boolean }) {
  const many = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const [faults, warnings, untried] = [many('fault'), many('warning'), isBusy ? 0 : many('untried')];
  const words = [faults && counted(faults, 'fault'), warnings && counted(warnings, 'warning'), untried && `${untried} not tried`].filter(Boolean).join(', ');
  const unknown = isUnknown && !isBusy ? 'Could not look' : '';
  const verdict = [unknown, words].filter(Boolean).join('; ') || (isBusy ? 'Trying…' : 'Nothing is wrong');
  const tone = faults || unknown ? 'bad' : warnings || untried ? 'warn' : isBusy ? '' : 'good';
  return (
    <>
      {words ? <button type="button" title="Show the first" onClick={showFirst}><Pill tone={tone}>{verdict}</Pill></button> : <Pill tone={tone}>{verdict}</Pill>}
      <span className="unseen" role="status">{isBusy ? '' : verdict}</span>
    </>
  );
}

function showFirst() {
  const first = ['fault', 'warning', 'untried'].map((state) => document.querySelector<HTMLElement>(`[data-state="${state}"]`)).find((line) => line !== null);
  first?.focus();
  first?.scrollIntoView({ block: 'center' });
}

interface SectionProps {
  title: string;
  about?: string;
  checks: Check[];
  trying?: ReadonlySet<string>;
  wait?: number;
  error: unknown;
  /** How many lines come, for the shape of what is not there yet. */
  lines: number;
}

function Section({ title, about, checks, trying, wait, error, lines }: SectionProps) {
  if (lines === 0) return null;
  return (
    <section className="card" aria-label={title} aria-busy={checks.length === 0 && !error}>
      <h2>{title}{about && <span className="muted mono cut"> {about}</span>}</h2>
      {Boolean(error) && <Notice tone="bad" live>{messageOf(error)}</Notice>}
      {checks.length === 0 && !error && Array.from({ length: lines }, (_, line) => <div key={line} className="check-line"><Skeleton width={16} height={16} /><Skeleton width="22%" /><Skeleton width="48%" /></div>)}
      <ul>{checks.map((check) => <Line key={check.name} check={check} trying={check.state === 'untried' && trying?.has(check.name) ? (check.name === 'Time-outs' ? `Trying, for ${wait ?? WAIT_S} s…` : 'Trying…') : undefined} />)}</ul>
    </section>
  );
}

/** trying: what to say while it is tried; undefined once it was. */
function Line({ check, trying }: { check: Check; trying: string | undefined }) {
  const [icon, tone, word] = SIGNS[check.state];
  if (trying) return <li><div className="check-line"><span className="turn" /><b className="b">{check.name}</b><span className="muted">{trying}</span></div></li>;
  return (
    <li data-state={check.state} tabIndex={-1}>
      <div className="check-line">
        <span className={`sign ${tone}`} role="img" aria-label={word} title={word}><Icon name={icon} /></span>
        <b className="b">{check.name}</b>
        <span className="seen">{check.seen}</span>
      </div>
      {check.wrong && <p className="check-wrong">{check.wrong}</p>}
      {check.fixes.length > 0 && <div className="check-fixes">{check.fixes.map((fix, number) => <Remedy key={fix.where + fix.lines} fix={fix} isOther={number > 0} />)}</div>}
    </li>
  );
}

/** What to write where, to be taken away whole. */
function Remedy({ fix, isOther }: { fix: Fix; isOther: boolean }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(fix.lines).then(() => setCopied(true), sayNotCopied);
  return (
    <div className="remedy">
      <span className="two small">{isOther && 'Or: '}{fix.where}</span>
      <div className="row">
        <pre className="mono grow" tabIndex={0} aria-label={`Lines for ${fix.where}`}>{fix.lines}</pre>
        {'clipboard' in navigator && <button type="button" className="btn ghost icon small" aria-label={`Copy the lines for ${fix.where}`} title="Copy" onClick={copy}><Icon name={copied ? 'check' : 'copy'} /></button>}
        <span className="unseen" role="status">{copied ? 'They are copied.' : ''}</span>
      </div>
    </div>
  );
}
