// The storage of a user: IndexedDB in a browser, maps elsewhere. A `Storage` has five stores of values with
// keys.

/** @typedef {"outbox" | "drafts" | "events" | "cursor" | "settings"} StoreName */

/**
 * @typedef {object} Storage
 * @property {(store: StoreName, key: string) => Promise<any>} get the value; undefined if it is absent
 * @property {(store: StoreName, key: string, value: unknown) => Promise<void>} put
 * @property {(store: StoreName, keys: string[]) => Promise<void>} delete
 * @property {(store: StoreName) => Promise<[string, any][]>} all the entries, ordered by key
 * @property {(store: StoreName) => Promise<string[]>} keys
 * @property {(store: StoreName) => Promise<void>} clear deletes the entries of a store
 * @property {() => Promise<void>} destroy deletes everything
 */

/** @type {StoreName[]} */
const STORES = ["outbox", "drafts", "events", "cursor", "settings"];
const VERSION = 1;

/** A storage in memory, for programs and tests. @returns {Storage} */
export function memoryStorage() {
  const stores = new Map(STORES.map((name) => [name, new Map()]));
  /** @param {StoreName} name @returns {Map<string, any>} */
  const of = (name) => stores.get(name) ?? new Map();
  return {
    get: async (store, key) => of(store).get(key),
    put: async (store, key, value) => void of(store).set(key, value),
    delete: async (store, keys) => keys.forEach((key) => of(store).delete(key)),
    all: async (store) => [...of(store)].sort(([one], [other]) => (one < other ? -1 : 1)),
    keys: async (store) => [...of(store).keys()],
    clear: async (store) => of(store).clear(),
    destroy: async () => stores.forEach((store) => store.clear()),
  };
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function result(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * Opens the database of this name. Without IndexedDB, as in some private windows, returns a storage in
 * memory.
 *
 * @param {string} name
 * @returns {Promise<Storage>}
 */
export async function openStorage(name) {
  try {
    return stored(name, await opened(name));
  } catch {
    return memoryStorage();
  }
}

/** @param {string} name */
function opened(name) {
  const request = indexedDB.open(name, VERSION);
  request.onupgradeneeded = () => {
    for (const store of STORES.filter((store) => !request.result.objectStoreNames.contains(store))) {
      request.result.createObjectStore(store);
    }
  };
  return result(request);
}

/**
 * @param {string} name
 * @param {IDBDatabase} database
 * @returns {Storage}
 */
function stored(name, database) {
  // Another tab deletes the database, or has a later version.
  database.onversionchange = () => database.close();
  /**
   * Runs a step in a transaction. The promise is fulfilled when the change is stored.
   *
   * @param {StoreName} store
   * @param {(store: IDBObjectStore) => void} step
   * @returns {Promise<void>}
   */
  const change = (store, step) =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(store, "readwrite", { durability: "strict" });
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => reject(transaction.error);
      transaction.onabort = () => reject(transaction.error);
      step(transaction.objectStore(store));
    });
  /** @param {StoreName} store */
  const reading = (store) => database.transaction(store).objectStore(store);
  return {
    get: (store, key) => result(reading(store).get(key)),
    put: (store, key, value) => change(store, (of) => void of.put(value, key)),
    delete: (store, keys) => change(store, (of) => keys.forEach((key) => of.delete(key))),
    all: async (store) => {
      const of = reading(store);
      const [keys, values] = await Promise.all([result(of.getAllKeys()), result(of.getAll())]);
      return keys.map((key, index) => [String(key), values[index]]);
    },
    keys: async (store) => (await result(reading(store).getAllKeys())).map(String),
    clear: (store) => change(store, (of) => void of.clear()),
    destroy: async () => {
      database.close();
      await result(indexedDB.deleteDatabase(name));
    },
  };
}
