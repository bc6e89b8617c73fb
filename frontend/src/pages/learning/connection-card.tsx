import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover, Separator } from 'react-aria-components';
import { type Backend, checkBackend, removeBackend } from '../../api/learning';
import { Confirm } from '../../ui/dialog';
import { ago, moment } from '../../ui/format';
import { Icon } from '../../ui/icon';
import { Notice, Pill } from '../../ui/parts';
import { say } from '../../ui/toast';
import { ConnectionDialog } from './connection-dialog';
import type { CardProps } from './learning';
import { useLearningAct } from './use-learning';
import { generationOf, helpFor, isDown, nameOfBackend, stateOfBackend } from './words';

interface Props extends CardProps {
  backends: readonly Backend[];
  onChoose: (id: number) => void;
  onConnect: () => void;
}

/** Which model it is, how it stands to it, and what is done to the connection. */
export function ConnectionCard({ project, backend, backends, edits, manages, onChoose, onConnect }: Props) {
  const [open, setOpen] = useState<'settings' | 'remove' | null>(null);
  const check = useLearningAct(project.id, () => checkBackend(backend.id), (now) => say(isDown(now) ? `${nameOfBackend(now)} still does not answer.` : `${nameOfBackend(now)} answers.`, isDown(now) ? { tone: 'bad' } : {}));
  const { word, tone } = stateOfBackend(backend);
  const name = nameOfBackend(backend);
  const isBad = isDown(backend);
  const serving = backend.serving_version;
  return (
    <section className="card connection" aria-label={`Model ${name}`}>
      <div className="row wrap">
        <Icon name="model" />
        {backends.length > 1
          ? <select className="input model-choice" aria-label="Model" value={backend.id} onChange={(event) => onChoose(Number(event.target.value))}>{backends.map((each) => <option key={each.id} value={each.id}>{nameOfBackend(each)}</option>)}</select>
          : <h2 className="cut">{name}</h2>}
        <span role="status"><Pill tone={tone}>{check.isPending && <span className="turn" />}{word}</Pill></span>
        <span className="muted small cut connection-place" title={backend.url}>{backend.builtin ? 'run by this server' : <><span className="mono">{backend.url}</span>{generationOf(backend.generation) && <> · {generationOf(backend.generation)}</>}</>}{backend.checked_at && <span className="wide" title={moment(backend.checked_at)}> · asked {ago(backend.checked_at) === 'now' ? 'just now' : `${ago(backend.checked_at)} ago`}</span>}</span>
        <span className="grow two serves">{serving ? <>version <b className="b">{serving.number}</b> serves</> : 'untrained'}</span>
        {edits && <button type="button" className="btn" onClick={() => setOpen('settings')}>Settings…</button>}
        {edits && <Acts name={name} onAct={(act) => { if (act === 'check') check.mutate(); else if (act === 'connect') onConnect(); else setOpen('remove'); }} />}
      </div>
      {isBad && (
        <Notice tone="bad" live>
          <b>{backend.error_message || `${name} does not answer.`}</b> {helpFor(backend)} Labelling goes on without it.
          {edits && <div className="row notice-acts"><button type="button" className="btn small" disabled={check.isPending} onClick={() => check.mutate()}>{check.isPending ? <span className="turn" /> : <Icon name="again" />}Check now</button>{!backend.builtin && <button type="button" className="btn small" onClick={() => setOpen('settings')}>Change…</button>}</div>}
        </Notice>
      )}
      {!isBad && backend.error_message && <Notice tone="warn" live><b>{backend.error_message}</b> Change the label config or the model, then press <b>Check now</b>.</Notice>}
      {open === 'settings' && <ConnectionDialog project={project} backend={backend} onClose={() => setOpen(null)} />}
      {open === 'remove' && <RemoveDialog project={project} backend={backend} edits={edits} manages={manages} onClose={() => setOpen(null)} />}
    </section>
  );
}

type Act = 'check' | 'connect' | 'remove';

const Acts = ({ name, onAct }: { name: string; onAct: (act: Act) => void }) => (
  <MenuTrigger>
    <Button className="btn ghost icon" aria-label={`More about ${name}`}><Icon name="dots" /></Button>
    <Popover placement="bottom end" className="menu">
      <Menu aria-label={name} style={{ outline: 'none' }} onAction={(key) => onAct(key as Act)}>
        <MenuItem id="check"><Icon name="again" />Check now</MenuItem>
        <MenuItem id="connect"><Icon name="plus" />Connect another model…</MenuItem>
        <Separator />
        <MenuItem id="remove" className="danger"><Icon name="trash" />Disconnect…</MenuItem>
      </Menu>
    </Popover>
  </MenuTrigger>
);

function RemoveDialog({ project, backend, onClose }: CardProps & { onClose: () => void }) {
  const remove = useLearningAct(project.id, () => removeBackend(backend.id), () => say('The model is disconnected.'), true);
  const name = nameOfBackend(backend);
  return (
    <Confirm title={`Disconnect “${name}”?`} action="Disconnect" onConfirm={() => remove.mutateAsync()} onClose={onClose}>
      <p>It is asked for no more predictions, and what this page knows of its versions goes. Its predictions and everybody’s annotations stay.{backend.builtin ? ' Its trained files stay in the data folder.' : ' The model itself keeps what it learnt.'}</p>
    </Confirm>
  );
}
