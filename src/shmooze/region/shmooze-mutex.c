/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "shmooze-mutex.h"

#include "os/shmooze-deadline-private.h"
#include "region/shmooze-region-private.h"

#include <glib/gi18n-lib.h>

/**
 * ShmoozeMutex:
 *
 * A lock that processes know by its name, and that tells of an owner who
 * died.
 *
 * ```c
 * g_autoptr(ShmoozeMutex) mutex = shmooze_mutex_create_or_open ("ledger", FALSE, NULL, &error);
 *
 * if (mutex == NULL || shmooze_mutex_lock (mutex, 5 * G_USEC_PER_SEC, NULL, &error) == SHMOOZE_LOCK_FAILED)
 *   return FALSE;
 * write_the_ledger ();
 * return shmooze_mutex_unlock (mutex, &error);
 * ```
 *
 * The owner is the object, not the thread: any thread may unlock what another
 * one has locked through the same object, and to lock it a second time is
 * %G_IO_ERROR_PENDING, never a deadlock. Two objects of one name exclude each
 * other, in one process as in two.
 *
 * When the owner dies without unlocking, is killed, or drops the object, the
 * next one who locks the mutex gets %SHMOOZE_LOCK_ABANDONED: the mutex is
 * its own, and what the mutex guards may be half done.
 *
 * Names are plain names, as those of a [class@Region], but a mutex and a
 * region may have the same one. A mutex lives as long as somebody holds a
 * `ShmoozeMutex` of its name, in any process; the next one who asks for the
 * name afterwards makes a fresh one, which nobody owns or has abandoned.
 *
 * In a forked child the parent's objects are of no use: to lock or unlock
 * them is %G_IO_ERROR_NOT_SUPPORTED and changes nothing. The child opens its
 * own.
 *
 * A mutex may be used from several threads.
 *
 * Since: 1.0
 */

/* Who waits looks again after this long; the pauses double. */
#define FIRST_PAUSE_USEC 1000
#define LAST_PAUSE_USEC 16000

/* The word in the region says how the lock's last owner left: set after locking, cleared before unlocking. */
enum
{
  WORD_FREE,
  WORD_OWNED
};

typedef enum
{
  STAGE_IDLE,
  STAGE_BUSY,   /* somebody is locking, waiting or unlocking through this object */
  STAGE_OWNED
} Stage;

struct _ShmoozeMutex
{
  GObject            parent_instance;

  char              *name;
  ShmoozeRegion     *region;
  ShmoozeView       *view;
  _Atomic (guint32) *word;
  atomic_int         stage;
};

/* Waiting for a lock that another owner has. */
typedef struct
{
  ShmoozeDeadline deadline;
  gboolean        tries_once;
  gint64          next;        /* the time of the next attempt */
} Wait;

G_DEFINE_FINAL_TYPE (ShmoozeMutex, shmooze_mutex, G_TYPE_OBJECT)

typedef enum
{
  PROP_NAME = 1
} Property;

static GParamSpec *properties[PROP_NAME + 1];

/* The kernel's lock orders the memory of whoever takes turns, but the language does not know that: between
 * the threads of one process this word says it in C's own terms. */
static atomic_uint handover;

static void
shmooze_mutex_finalize (GObject *object)
{
  ShmoozeMutex *self = SHMOOZE_MUTEX (object);

  /* The word stays set: the next owner learns that this one left without unlocking. To unlock is more than
   * to close, which a child that is just being forked would delay. */
  if (atomic_load (&self->stage) == STAGE_OWNED)
    shmooze_region_unlock (self->region, 0);
  if (self->view != NULL)
    shmooze_view_close (self->view);
  if (self->region != NULL)
    shmooze_region_close (self->region);
  g_clear_object (&self->view);
  g_clear_object (&self->region);
  g_clear_pointer (&self->name, g_free);

  G_OBJECT_CLASS (shmooze_mutex_parent_class)->finalize (object);
}

static void
shmooze_mutex_get_property (GObject    *object,
                            guint       id,
                            GValue     *value,
                            GParamSpec *pspec)
{
  ShmoozeMutex *self = SHMOOZE_MUTEX (object);

  switch ((Property) id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
shmooze_mutex_class_init (ShmoozeMutexClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = shmooze_mutex_finalize;
  object_class->get_property = shmooze_mutex_get_property;

  /**
   * ShmoozeMutex:name:
   *
   * The name the mutex was created or opened by.
   *
   * Since: 1.0
   */
  properties[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL,
                                               G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, G_N_ELEMENTS (properties), properties);
}

static void
shmooze_mutex_init (ShmoozeMutex *self)
{
}

/* Takes over @region. NULL with @error: it could not be had. */
static ShmoozeMutex *
mutex_new (const char     *name,
           ShmoozeRegion  *region,
           gboolean        owned,
           GError        **error)
{
  g_autoptr(ShmoozeMutex) self = NULL;

  if (region == NULL)
    {
      /* The rule that a name breaks needs no more words, and the name may be unfit to be shown. */
      if (error != NULL && !g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME))
        g_prefix_error (error, _("Mutex “%s”: "), name);
      return NULL;
    }

  self = g_object_new (SHMOOZE_TYPE_MUTEX, NULL);
  self->name = g_strdup (name);
  self->region = region;
  atomic_init (&self->stage, owned ? STAGE_OWNED : STAGE_IDLE);
  self->view = shmooze_region_create_view (region, 0, sizeof *self->word, SHMOOZE_ACCESS_READ_WRITE, error);
  if (self->view == NULL)
    {
      g_prefix_error (error, _("Mutex “%s”: "), name);
      return NULL;
    }
  self->word = shmooze_view_get_data (self->view);
  return g_steal_pointer (&self);
}

static void
fill_with_owned (gpointer data,
                 gpointer user_data)
{
  atomic_store ((_Atomic (guint32) *) data, WORD_OWNED);
}

/**
 * shmooze_mutex_create_or_open: (constructor)
 * @name: a plain name
 * @initially_owned: whether a new mutex belongs to its creator from the
 *   first moment; nothing is asked of one that exists already
 * @created: (out) (optional): whether the mutex is new
 * @error: return location for an error
 *
 * Opens the mutex of that name, or creates it. Of any number of processes
 * that do so at the same time one creates. Who asked for ownership and finds
 * that @created is false does not own the mutex, and calls
 * [method@Mutex.lock].
 *
 * Fails with %G_IO_ERROR_INVALID_FILENAME when @name breaks the rules,
 * %SHMOOZE_ERROR_LAYOUT when something else stands in its place,
 * %G_IO_ERROR_PERMISSION_DENIED when that is another user's,
 * %G_IO_ERROR_NO_SPACE when memory is used up, and %G_IO_ERROR_BUSY when
 * others open and drop it all the time.
 *
 * Returns: (transfer full): the mutex
 *
 * Since: 1.0
 */
ShmoozeMutex *
shmooze_mutex_create_or_open (const char  *name,
                              gboolean     initially_owned,
                              gboolean    *created,
                              GError     **error)
{
  const ShmoozeBackingSpec spec = {
    .capacity = sizeof (guint32),
    .access = SHMOOZE_ACCESS_READ_WRITE,
    .fill = initially_owned ? fill_with_owned : NULL,
    .locked = initially_owned
  };
  g_autoptr(GError) local_error = NULL;
  ShmoozeRegion *region;
  ShmoozeMutex *self;
  gboolean new = FALSE;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  region = shmooze_region_create_or_open_in (SHMOOZE_FOLDER_MUTEXES, name, &spec, &new, &local_error);
  self = mutex_new (name, region, initially_owned && new, &local_error);
  if (self == NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  else if (created != NULL)
    *created = new;
  return self;
}

/**
 * shmooze_mutex_open: (constructor)
 * @name: the name of a mutex
 * @error: return location for an error
 *
 * Opens a mutex that somebody holds.
 *
 * Fails with %G_IO_ERROR_NOT_FOUND when nobody does, and else like
 * [ctor@Mutex.create_or_open].
 *
 * Returns: (transfer full): the mutex
 *
 * Since: 1.0
 */
ShmoozeMutex *
shmooze_mutex_open (const char  *name,
                    GError     **error)
{
  g_autoptr(GError) local_error = NULL;
  ShmoozeRegion *region;
  ShmoozeMutex *self;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  region = shmooze_region_open_in (SHMOOZE_FOLDER_MUTEXES, name, SHMOOZE_ACCESS_READ_WRITE, &local_error);
  if (region == NULL && g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _("Mutex “%s” does not exist"), name);
      return NULL;
    }
  self = mutex_new (name, region, FALSE, &local_error);
  if (self == NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return self;
}

/**
 * shmooze_mutex_get_name:
 * @self: a mutex
 *
 * Gets the name the mutex was created or opened by.
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
shmooze_mutex_get_name (ShmoozeMutex *self)
{
  g_return_val_if_fail (SHMOOZE_IS_MUTEX (self), NULL);

  return self->name;
}

static gboolean
check_attached (ShmoozeMutex  *self,
                GError       **error)
{
  if (!shmooze_region_is_detached (self->region))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
               _("Mutex “%s” was opened by the parent process; open it again in the forked child"), self->name);
  return FALSE;
}

/* Whether the file is still the mutex, which every process that knows its name looks at. */
static gboolean
check_whole (ShmoozeMutex  *self,
             GError       **error)
{
  if (shmooze_region_check (self->region, NULL))
    return TRUE;

  g_set_error (error, SHMOOZE_ERROR, SHMOOZE_ERROR_LOST,
               _("Mutex “%s” is lost: %s was truncated or overwritten; drop the mutex and open it again"),
               self->name, shmooze_region_get_path (self->region));
  return FALSE;
}

/* Begins to lock. Only one at a time does so through one object. */
static gboolean
begin (ShmoozeMutex  *self,
       Wait          *wait,
       gint64         timeout_usec,
       GError       **error)
{
  int stage = STAGE_IDLE;

  if (!check_attached (self, error))
    return FALSE;

  if (!atomic_compare_exchange_strong (&self->stage, &stage, STAGE_BUSY))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   stage == STAGE_OWNED
                     ? _("Mutex “%s” is already locked through this object; unlock it first")
                     : _("Mutex “%s” is being locked through this object; "
                         "open a separate object in each thread"),
                   self->name);
      return FALSE;
    }

  shmooze_deadline_init (&wait->deadline, timeout_usec, FIRST_PAUSE_USEC, LAST_PAUSE_USEC);
  wait->tries_once = timeout_usec == 0;
  return TRUE;
}

/* One look. FALSE: not yet; look again at @wait->next. */
static gboolean
look (ShmoozeMutex       *self,
      Wait               *wait,
      GCancellable       *cancellable,
      ShmoozeLockResult  *result,
      GError            **error)
{
  *result = SHMOOZE_LOCK_FAILED;
  if (!check_attached (self, error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error) ||
      !check_whole (self, error))
    {
      atomic_store (&self->stage, STAGE_IDLE);
      return TRUE;
    }

  if (shmooze_region_try_lock (self->region, 0))
    {
      /* Killed before this instruction, we never were the owner; after it, the next one is told. */
      gboolean abandoned = atomic_exchange (self->word, WORD_OWNED) != WORD_FREE;

      if (check_whole (self, error))
        {
          atomic_load (&handover);
          *result = abandoned ? SHMOOZE_LOCK_ABANDONED : SHMOOZE_LOCK_ACQUIRED;
          atomic_store (&self->stage, STAGE_OWNED);
        }
      else
        {
          shmooze_region_unlock (self->region, 0);
          atomic_store (&self->stage, STAGE_IDLE);
        }
      return TRUE;
    }

  wait->next = shmooze_deadline_next (&wait->deadline);
  if (wait->next >= 0)
    return FALSE;

  if (wait->tries_once)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                 _("Mutex “%s” is locked by another owner"), self->name);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 _("Timed out waiting for mutex “%s”: another owner has it locked"), self->name);
  atomic_store (&self->stage, STAGE_IDLE);
  return TRUE;
}

/**
 * shmooze_mutex_lock:
 * @self: a mutex
 * @timeout_usec: how long to wait, in microseconds; 0: only to try; -1: for ever
 * @cancellable: (nullable): what ends the waiting early
 * @error: return location for an error
 *
 * Locks the mutex, waiting until nobody else has it.
 *
 * %SHMOOZE_LOCK_ABANDONED is a success too: one owns the mutex, but its
 * former owner died, or dropped it, while it owned it.
 *
 * Who waits looks every 1 to 16 ms, and there is no queue: those who wait
 * are not served in the order in which they came.
 *
 * Fails with %G_IO_ERROR_WOULD_BLOCK when it was only to try, or
 * %G_IO_ERROR_TIMED_OUT when the time is over; %G_IO_ERROR_CANCELLED;
 * %G_IO_ERROR_PENDING when the mutex is locked through this very object, or
 * another thread or [method@Mutex.lock_async] is waiting for it through this
 * object; %G_IO_ERROR_NOT_SUPPORTED in a forked child; %SHMOOZE_ERROR_LOST
 * when somebody destroyed the mutex's file.
 *
 * Returns: %SHMOOZE_LOCK_ACQUIRED or %SHMOOZE_LOCK_ABANDONED; with an error
 *   %SHMOOZE_LOCK_FAILED
 *
 * Since: 1.0
 */
ShmoozeLockResult
shmooze_mutex_lock (ShmoozeMutex  *self,
                    gint64         timeout_usec,
                    GCancellable  *cancellable,
                    GError       **error)
{
  ShmoozeLockResult result;
  gboolean polled = FALSE;
  GPollFD fd;
  Wait wait;

  g_return_val_if_fail (SHMOOZE_IS_MUTEX (self), SHMOOZE_LOCK_FAILED);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), SHMOOZE_LOCK_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, SHMOOZE_LOCK_FAILED);

  if (!begin (self, &wait, timeout_usec, error))
    return SHMOOZE_LOCK_FAILED;

  while (!look (self, &wait, cancellable, &result, error))
    {
      gint64 left_usec = wait.next - g_get_monotonic_time ();

      if (!polled)  /* not before one has to wait at all */
        polled = g_cancellable_make_pollfd (cancellable, &fd);
      if (left_usec > 0)
        g_poll (&fd, polled ? 1 : 0, (gint) ((left_usec + 999) / 1000));
    }
  if (polled)
    g_cancellable_release_fd (cancellable);
  return result;
}

static gboolean
on_look (gpointer user_data)
{
  GTask *task = user_data;
  Wait *wait = g_task_get_task_data (task);
  GError *error = NULL;
  ShmoozeLockResult result;

  if (!look (g_task_get_source_object (task), wait, g_task_get_cancellable (task), &result, &error))
    {
      g_source_set_ready_time (g_main_current_source (), wait->next);
      return G_SOURCE_CONTINUE;
    }
  if (result == SHMOOZE_LOCK_FAILED)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, result);
  return G_SOURCE_REMOVE;
}

static gboolean
dispatch_look (GSource     *source,
               GSourceFunc  callback,
               gpointer     user_data)
{
  return callback (user_data);
}

/* Ready at its ready time, or as soon as the task is cancelled. */
static GSource *
look_source_new (GTask *task)
{
  static GSourceFuncs funcs = { .dispatch = dispatch_look };
  GSource *source = g_source_new (&funcs, sizeof (GSource));
  GCancellable *cancellable = g_task_get_cancellable (task);

  if (cancellable != NULL)
    {
      g_autoptr(GSource) cancelled = g_cancellable_source_new (cancellable);

      g_source_set_dummy_callback (cancelled);
      g_source_add_child_source (source, cancelled);
    }
  return source;
}

/**
 * shmooze_mutex_lock_async:
 * @self: a mutex
 * @timeout_usec: how long to wait, in microseconds; 0: only to try; -1: for ever
 * @cancellable: (nullable): what ends the waiting early
 * @callback: (scope async) (closure user_data): what to call when it is done
 * @user_data: what to hand to @callback
 *
 * Locks the mutex without making anybody wait. No thread is used: the
 * thread-default main context looks whether the mutex is free, and calls
 * @callback.
 *
 * From this call on the object is busy: another lock through it fails with
 * %G_IO_ERROR_PENDING until @callback is called. The object lives at least
 * until then.
 *
 * Once the mutex is locked cancelling has no more effect:
 * [method@Mutex.lock_finish] says what is so.
 *
 * Since: 1.0
 */
void
shmooze_mutex_lock_async (ShmoozeMutex        *self,
                          gint64               timeout_usec,
                          GCancellable        *cancellable,
                          GAsyncReadyCallback  callback,
                          gpointer             user_data)
{
  g_autoptr(GTask) task = NULL;
  g_autoptr(GSource) source = NULL;
  GError *error = NULL;
  ShmoozeLockResult result;
  Wait *wait;

  g_return_if_fail (SHMOOZE_IS_MUTEX (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, shmooze_mutex_lock_async);
  g_task_set_name (task, "shmooze_mutex_lock_async");
  g_task_set_check_cancellable (task, FALSE);  /* or a lock that was taken would be told as cancelled */
  wait = g_new0 (Wait, 1);
  g_task_set_task_data (task, wait, g_free);

  if (!begin (self, wait, timeout_usec, &error))
    g_task_return_error (task, error);
  else if (!look (self, wait, cancellable, &result, &error))
    {
      source = look_source_new (task);
      g_source_set_ready_time (source, wait->next);
      g_task_attach_source (task, source, on_look);
    }
  else if (result == SHMOOZE_LOCK_FAILED)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, result);
}

/**
 * shmooze_mutex_lock_finish:
 * @self: a mutex
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends what [method@Mutex.lock_async] began. Fails like [method@Mutex.lock].
 *
 * Returns: %SHMOOZE_LOCK_ACQUIRED or %SHMOOZE_LOCK_ABANDONED; with an error
 *   %SHMOOZE_LOCK_FAILED
 *
 * Since: 1.0
 */
ShmoozeLockResult
shmooze_mutex_lock_finish (ShmoozeMutex  *self,
                           GAsyncResult  *result,
                           GError       **error)
{
  gssize value;

  g_return_val_if_fail (g_task_is_valid (result, self), SHMOOZE_LOCK_FAILED);
  g_return_val_if_fail (g_async_result_is_tagged (result, shmooze_mutex_lock_async), SHMOOZE_LOCK_FAILED);
  g_return_val_if_fail (error == NULL || *error == NULL, SHMOOZE_LOCK_FAILED);

  value = g_task_propagate_int (G_TASK (result), error);
  return value < 0 ? SHMOOZE_LOCK_FAILED : (ShmoozeLockResult) value;
}

/**
 * shmooze_mutex_unlock:
 * @self: a mutex
 * @error: return location for an error
 *
 * Unlocks the mutex. Any thread may do so, through the object that locked it.
 *
 * Fails with %G_IO_ERROR_PERMISSION_DENIED when the mutex is not locked
 * through this object, and %G_IO_ERROR_NOT_SUPPORTED in a forked child;
 * nothing changes then. %SHMOOZE_ERROR_LOST tells that somebody destroyed the
 * mutex's file meanwhile; one does not own the mutex any more, and others may
 * have had one of the same name.
 *
 * Returns: whether the mutex was unlocked
 *
 * Since: 1.0
 */
gboolean
shmooze_mutex_unlock (ShmoozeMutex  *self,
                      GError       **error)
{
  int stage = STAGE_OWNED;

  g_return_val_if_fail (SHMOOZE_IS_MUTEX (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (!check_attached (self, error))
    return FALSE;
  if (!atomic_compare_exchange_strong (&self->stage, &stage, STAGE_BUSY))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   _("Mutex “%s” is not locked through this object and cannot be unlocked"), self->name);
      return FALSE;
    }

  /* In this order: killed in between, we have unlocked all the same. */
  atomic_fetch_add (&handover, 1);
  atomic_store (self->word, WORD_FREE);
  shmooze_region_unlock (self->region, 0);
  atomic_store (&self->stage, STAGE_IDLE);
  return check_whole (self, error);
}
