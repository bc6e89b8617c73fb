import type { Backend } from '../../api/learning';
import type { Project } from '../../api/types';
import { Dialog } from '../../ui/dialog';
import { ConnectChoices } from './connect-choices';

/** One more model for the project. */
export const ConnectDialog = ({ project, onConnected, onClose }: { project: Project; onConnected: (backend: Backend) => void; onClose: () => void }) => (
  <Dialog title="Connect a model" onClose={onClose} wide><ConnectChoices project={project} onConnected={onConnected} /></Dialog>
);
