import { t } from '../i18n/words';
import { Dialog } from '../ui/dialog';
import { MOD } from './keys';
import { useOverlay } from './overlay';

const SHEET: Array<[string, Array<[keys: string, what: string]>]> = [
  [t('Everywhere'), [[`${MOD} K`, t('Find anything, do anything')], ['?', t('This list')], ['Esc', t('Close what is open')], ['N', t('New project')], [`${MOD} Z`, t('Take back what a message just said')]]],
  [t('Among the members'), [['I', t('Invite somebody')]]],
  [t('In a project'), [['L', t('Label the next task')], ['I', t('Import')], ['E', t('Export')]]],
  [t('On a project’s learning page'), [['T', t('Train')], ['P', t('Predict the tasks that lack a prediction')]]],
  [t('In the task table'), [
    ['↑ ↓', t('Move')], ['PgUp PgDn', t('Move a page')], ['Home End', t('First and last task')], ['X', t('Select or let go')], ['Space', t('Look at the task beside the table')],
    ['Shift ↑ ↓', t('Extend the selection')], [`${MOD} A`, t('Select all')], ['Enter', t('Open the task')], ['Del', t('Delete the selected tasks')], ['F', t('Add a filter')], ['G', t('Rows or pictures side by side')],
  ]],
  [t('In a table of runs'), [['/', t('Find runs')], ['↑ ↓ X Space Enter', t('As in the task table')], ['Del', t('Delete the selected runs')]]],
  [t('On a chart'), [['← →', t('Walk its values')], ['+ −', t('Look closer, and back')], ['0', t('See all of it')]]],
  [t('Among experiments and models'), [['E', t('New experiment')], ['M', t('New model')]]],
  [t('Among the repos'), [['R', t('New repo')], ['U', t('Add files to the open folder')], ['/', t('Find a file')], ['↑ ↓', t('Walk the files')]]],
  [t('In a lineage'), [['← →', t('To what it is made of, to what came of it')], ['↑ ↓', t('Among its like')], ['Enter', t('Look from there')]]],
  [t('On the label page'), [
    ['V', t('Select')], [t('H or Space'), t('Move the picture')], ['R P O K', t('Rectangle, polygon, ellipse, point')], ['1 … 9 0', t('Labels')], ['/', t('Find a label')],
    ['A', t('Accept all suggestions')], ['Enter', t('Submit')], ['S', t('Skip')], ['Del', t('Delete')], [`${MOD} Z`, t('Undo')], [`${MOD} Shift Z`, t('Redo')], ['[ ]', t('Previous and next task')],
    ['Tab', t('Next region')],
  ]],
];

/** Which key does what. */
export function KeySheet() {
  const show = useOverlay((state) => state.show);
  return (
    <Dialog title={t('Keys')} onClose={() => show(null)} wide>
      <div className="key-sheet" role="region" aria-label={t('Keys by place')} tabIndex={0}>
        {SHEET.map(([where, rows]) => (
          <section key={where}>
            <h3>{where}</h3>
            <dl>{rows.map(([keys, what]) => <div key={keys}><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></div>)}</dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
