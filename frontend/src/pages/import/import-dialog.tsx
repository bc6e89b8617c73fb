import { useState } from 'react';
import { address } from '../../api/addresses';
import type { LabelsAs } from '../../api/transfer';
import type { Project } from '../../api/types';
import { isUncertain } from '../../api/upload';
import { t } from '../../i18n/words';
import { Dialog } from '../../ui/dialog';
import { AddressBox, addressesIn } from './address-box';
import { DropZone } from './drop-zone';
import { ImportProgress } from './import-progress';
import { kindOfFile } from './sources';
import { useImport } from './use-import';

/** Adds tasks to a project from files, pasted text or addresses, and says how far it is. */
export function ImportDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const [way, setWay] = useState<'files' | 'addresses'>('files');
  const [files, setFiles] = useState<File[]>([]);
  const [addresses, setAddresses] = useState('');
  const [labelsAs, setLabelsAs] = useState<LabelsAs>('annotations');
  const { state, start, stop, again } = useImport();
  const urls = addressesIn(addresses);
  const source = way === 'files' ? files : { urls };
  const nothing = way === 'files' ? files.length === 0 : urls.length === 0;
  const run = () => void start(project.id, source, labelsAs);
  const foot = {
    ready: (
      <>
        <button type="button" className="btn ghost" onClick={onClose}>{t('Cancel')}</button>
        <button type="button" className="btn primary" disabled={nothing} onClick={run}>{t('Import')}</button>
      </>
    ),
    running: <button type="button" className="btn" onClick={stop}>{t('Stop')}</button>,
    failed: isUncertain(state.is === 'failed' && state.error) ? (
      <>
        <button type="button" className="btn ghost" onClick={onClose}>{t('Close')}</button>
        <a className="btn primary" href={address('jobs')}>{t('See the jobs')}</a>
      </>
    ) : (
      <>
        <button type="button" className="btn ghost" onClick={onClose}>{t('Close')}</button>
        <button type="button" className="btn" onClick={again}>{way === 'files' ? t('Change the files') : t('Change the addresses')}</button>
        <button type="button" className="btn primary" onClick={run}>{t('Try again')}</button>
      </>
    ),
    done: (
      <>
        <button type="button" className="btn" onClick={onClose}>{t('See the tasks')}</button>
        <a className="btn primary" href={address(`projects/${project.id}/label`)}>{t('Label next')}</a>
      </>
    ),
  }[state.is];
  return (
    <Dialog title={t('Import into {title}', { title: project.title })} onClose={onClose} foot={foot} busy={state.is === 'running'}>
      {state.is === 'ready' && (
        <>
          <span className="seg" role="group" aria-label={t('From where')}>
            {(['files', 'addresses'] as const).map((each) => <button key={each} type="button" className={each === way ? 'on' : ''} aria-pressed={each === way} onClick={() => setWay(each)}>{each === 'files' ? t('Files') : t('Web addresses')}</button>)}
          </span>
          {way === 'files' ? <DropZone files={files} onFiles={setFiles} /> : <AddressBox text={addresses} onText={setAddresses} />}
          {(way === 'addresses' || files.some(mayHoldLabels)) && <LabelsBecome value={labelsAs} onChange={setLabelsAs} />}
          <p className="two small">{t('Each picture or text becomes a task. In tables and JSON each record does; its columns are what the label config shows. Annotations and predictions come along: in JSON beside each task, and from archives in COCO, YOLO, Pascal VOC or CoNLL.')}</p>
        </>
      )}
      <ImportProgress state={state} />
    </Dialog>
  );
}

/** Whether a file can be a dataset in another format, whose labels become one or the other. */
const mayHoldLabels = (file: File): boolean => ['archive', 'json'].includes(kindOfFile(file)) || /\.(conll|xml)$/i.test(file.name);

const LabelsBecome = ({ value, onChange }: { value: LabelsAs; onChange: (value: LabelsAs) => void }) => (
  <fieldset className="field"><legend>{t('Labels from COCO, YOLO, Pascal VOC or CoNLL become')}</legend>
    <span className="row wrap" style={{ gap: 18 }}>
      {(['annotations', 'predictions'] as const).map((each) => <label key={each} className="check"><input type="radio" name="labels-as" checked={each === value} onChange={() => onChange(each)} /><span>{each === 'annotations' ? t('annotations') : t('predictions')} <span className="muted">{each === 'annotations' ? t('finished work') : t('suggestions to check')}</span></span></label>)}
    </span>
  </fieldset>
);
