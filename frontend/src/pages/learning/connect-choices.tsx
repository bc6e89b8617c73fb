import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { type AuthMethod, type Backend, backendsQuery, type Builtin, builtinsQuery, connectBackend } from '../../api/learning';
import type { Project } from '../../api/types';
import { CopyLine } from '../../ui/copy-line';
import { Icon } from '../../ui/icon';
import { elsewhereWrong, Failure, Field, Notice, Pill, Skeleton, wrongWith } from '../../ui/parts';
import { say } from '../../ui/toast';
import { AuthFields } from './auth-fields';
import { InSight } from './in-sight';
import { useLearningAct } from './use-learning';
import { isDown, nameOfBackend } from './words';

interface Props {
  project: Project;
  onConnected?: (backend: Backend) => void;
}

/** The ways to a model: one that this server runs, or one that runs elsewhere. */
export function ConnectChoices({ project, onConnected }: Props) {
  const connected = (backend: Backend) => {
    say(isDown(backend) ? `${nameOfBackend(backend)} is added, but does not answer yet.` : `${nameOfBackend(backend)} is connected.`, isDown(backend) ? { tone: 'bad' } : {});
    onConnected?.(backend);
  };
  return (
    <>
      <Builtins project={project} onConnected={connected} />
      <ByAddress project={project} onConnected={connected} />
    </>
  );
}

type Connected = Required<Props>;

const MOST_LICENCE = 40;

function Builtins({ project, onConnected }: Connected) {
  const builtins = useQuery(builtinsQuery(project.id));
  if (builtins.isError) return <section className="card"><Failure error={builtins.error} retry={() => void builtins.refetch()} what="The list of built-in models" /></section>;
  if (!builtins.data) return <section className="card"><Skeleton width="100%" height={120} /></section>;
  if (builtins.data.every((each) => !each.is_offered)) return <section className="card" aria-labelledby="builtins"><h2 id="builtins">Run by this server</h2><p className="two">The models that come along are switched off here, as where a server is spread over several machines. Connect a model server by its address.</p></section>;
  // What can be used at once stands first.
  const fitting = builtins.data.filter(({ fits }) => fits === '').sort((a, b) => Number(b.is_installed) - Number(a.is_installed));
  const others = builtins.data.filter(({ fits }) => fits !== '');
  return (
    <section className="card" aria-labelledby="builtins">
      <h2 id="builtins">Run by this server</h2>
      {fitting.length === 0 && <p className="two">No built-in model learns what this label config asks for. Connect one of your own below.</p>}
      <ul className="lines builtins">{fitting.map((each) => <BuiltinRow key={each.name} project={project} builtin={each} onConnected={onConnected} />)}</ul>
      {others.length > 0 && (
        <details className="as-table">
          <summary>{others.length === 1 ? '1 that does not fit' : `${others.length} that do not fit`} this label config</summary>
          <ul className="lines builtins">{others.map((each) => <li key={each.name}><b className="b">{each.title}</b><p className="two small">{each.fits}</p></li>)}</ul>
        </details>
      )}
    </section>
  );
}

/** A licence's name, where more is said of it. */
const shortLicence = (licence: string): string => (licence.length > MOST_LICENCE ? (/^[^(:;]+/.exec(licence)?.[0].trim() ?? licence) : licence);

function BuiltinRow({ project, builtin, onConnected }: Connected & { builtin: Builtin }) {
  const { name, title, description, licence, is_installed: isInstalled, install } = builtin;
  const connect = useLearningAct(project.id, () => connectBackend(project.id, { builtin: name, title }), onConnected);
  const short = shortLicence(licence);
  const binds = /gpl/i.test(licence);
  return (
    <li>
      <div className="row wrap">
        <span className="grow builtin-name"><span className="row wrap"><b className="b">{title}</b><Pill tone={binds ? 'warn' : ''}>{short}</Pill></span><span className="two small">{description}</span>{short !== licence && <span className={binds ? 'small licence-binds' : 'muted small'}>{licence}</span>}</span>
        {isInstalled && <button type="button" className="btn" disabled={connect.isPending} onClick={() => connect.mutate()} aria-label={`Use ${title}`}>{connect.isPending && <span className="turn" />}Use</button>}
      </div>
      {!isInstalled && <Missing install={install} />}
    </li>
  );
}

/** What brings what a model needs: from the checkout that a server runs from, and from a package index. */
function Missing({ install }: { install: string }) {
  const extra = /\[([\w,-]+)\]/.exec(install)?.[1];
  if (!extra) return <div className="missing"><span className="two small">Not installed. Where this server runs:</span><CopyLine text={install} /></div>;
  return <div className="missing"><span className="two small">Not installed: it needs Treadle’s extra <b>{extra}</b>. In the checkout that this server runs from:</span><CopyLine text={`.venv/bin/pip install '.[${extra}]'`} /><span className="muted small">Installed as a package: <code className="mono">{install.replace(`.venv/bin/pip install '.[`, `pip install 'treadle[`)}</code></span></div>;
}

/** What a model is called that was given no title. */
const usualTitle = (others: readonly Backend[]): string => {
  const taken = new Set(others.map(({ title }) => title));
  return ['Model', ...others.map((_, at) => `Model ${at + 2}`)].find((each) => !taken.has(each)) ?? 'Model';
};

const FIELDS = ['url', 'title', 'basic_auth_user', 'basic_auth_pass'];

function ByAddress({ project, onConnected }: Connected) {
  const others = useQuery(backendsQuery(project.id)).data ?? [];
  const [url, setUrl] = useState('');
  const [title, setTitle] = useState('');
  const [auth, setAuth] = useState<AuthMethod>('NONE');
  const [user, setUser] = useState('');
  const [secret, setSecret] = useState('');
  const connect = useLearningAct(project.id, () => connectBackend(project.id, { url: url.trim(), title: title.trim() || usualTitle(others), auth_method: auth, ...(auth === 'BASIC_AUTH' ? { basic_auth_user: user } : {}), ...(auth === 'NONE' ? {} : { basic_auth_pass: secret }) }), onConnected, true);
  const submit = (event: FormEvent) => { event.preventDefault(); connect.mutate(); };
  const wrong = elsewhereWrong(connect.error, FIELDS);
  return (
    <section className="card" aria-labelledby="by-address">
      <h2 id="by-address">By its address</h2>
      <form className="col by-address" onSubmit={submit}>
        <p className="two">Any backend that speaks Label Studio’s protocol, old or current. To make one: <code className="mono">treadle ml init</code>, then <code className="mono">treadle ml serve model.py</code>.</p>
        <div className="pair">
          <Field label="Address" wrong={wrongWith(connect.error, 'url')}>{(wiring) => <input {...wiring} className="input" type="url" required placeholder="http://localhost:9090" value={url} spellCheck={false} autoComplete="off" onChange={(event) => setUrl(event.target.value)} />}</Field>
          <Field label={<>Title<span className="muted"> optional</span></>} wrong={wrongWith(connect.error, 'title')}>{(wiring) => <input {...wiring} className="input" value={title} autoComplete="off" onChange={(event) => setTitle(event.target.value)} />}</Field>
        </div>
        <AuthFields method={auth} user={user} secret={secret} isKept={false} error={connect.error} onMethod={setAuth} onUser={setUser} onSecret={setSecret} />
        {wrong && <InSight of={connect.error}><Notice tone="bad" live>{wrong}</Notice></InSight>}
        <div className="row"><button type="submit" className="btn" disabled={url.trim() === '' || connect.isPending}>{connect.isPending ? <span className="turn" /> : <Icon name="link" />}Connect</button></div>
      </form>
    </section>
  );
}
