import { useSuspenseQuery } from '@tanstack/react-query';
import { create } from 'zustand';
import { sessionQuery } from '../api/session';
import type { Workspace } from '../api/types';

const KEY = 'treadle.workspace';

interface WorkspaceChoice {
  id: number | undefined;
  choose: (id: number) => void;
}

export const useWorkspaceChoice = create<WorkspaceChoice>((set) => ({
  id: Number(safely(() => localStorage.getItem(KEY))) || undefined,
  choose: (id) => {
    safely(() => localStorage.setItem(KEY, String(id)));
    set({ id });
  },
}));

/** The workspace that the person looks at: the chosen one while they belong to it, else their first. */
export function useWorkspace(): Workspace | undefined {
  const { workspaces } = useSuspenseQuery(sessionQuery).data;
  const chosen = useWorkspaceChoice((state) => state.id);
  return workspaces.find((workspace) => workspace.id === chosen) ?? workspaces[0];
}

const MAKERS = new Set(['editor', 'manager', 'owner']);

/** Whether a role may make and change projects. The server decides; this only hides what it would refuse. */
export const mayEdit = (workspace: Workspace | undefined): boolean => workspace !== undefined && MAKERS.has(workspace.role);

function safely<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
