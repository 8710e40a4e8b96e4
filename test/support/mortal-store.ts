/** A store whose node can be killed: from then on nothing that it asked for comes back, as to a process that is no more. */
import type { Store } from '@longshore/server/app/ports/store';

export function mortalStore(store: Store): { store: Store; kill: () => void } {
  let dead = false;
  const isDead = (): boolean => dead;
  const never = new Promise<never>(() => undefined);
  const unlessDead = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isDead()) return never;
    const value = await work().catch((thrown: unknown) =>
      isDead() ? never : Promise.reject(thrown as Error),
    );
    return isDead() ? never : value;
  };
  return {
    kill: () => void (dead = true),
    store: {
      dialect: store.dialect,
      get generation() {
        return store.generation;
      },
      write: (body) => unlessDead(() => store.write(body)),
      read: (body) => unlessDead(() => store.read(body)),
      get out() {
        return store.out;
      },
      recovered: () => store.recovered(),
      durable: () => unlessDead(() => store.durable()),
      commit: (body) =>
        unlessDead(async () => {
          const { value, durable } = await store.commit(body);
          return { value, durable: unlessDead(() => durable) };
        }),
      announce: (tx, topic, id) => store.announce(tx, topic, id),
      listen: (topic, heard) =>
        store.listen(topic, (id) => {
          if (!isDead()) heard(id);
        }),
      close: () => store.close(),
    },
  };
}
