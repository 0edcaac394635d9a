/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"
#include "os/shmooze-location-private.h"

#include "shmooze-error-private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POSIX_HOME "/dev/shm"
#define NAME_MAX_BYTES 255

typedef enum
{
  STEP_SYSTEM,  /* a directory of the system: not checked */
  STEP_USER,    /* a directory of the user: the owner is checked */
  STEP_LINK,    /* like STEP_USER, but may be a symbolic link that the user owns */
  STEP_OWN      /* a directory of the library: the owner is checked, the mode set to 0700 */
} Step;

static void
set_other_owner (GError     **error,
                 const char  *path,
                 uid_t        owner)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
               _("Directory “%s” belongs to another user (UID %u instead of %u); "
                 "set XDG_RUNTIME_DIR to a directory of your own, or unset it"),
               path, (guint) owner, (guint) geteuid ());
}

/* Follows a symbolic link if the user owns it. The owner and the target are read through the same descriptor, so that
 * the link cannot be replaced between the two. */
static int
open_own_link (int         parent,
               const char *name)
{
  char target[PATH_MAX];
  struct stat st;
  gssize length = -1;
  int link = openat (parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

  if (link < 0)
    return -1;

  if (fstat (link, &st) == 0 && S_ISLNK (st.st_mode) && st.st_uid == geteuid ())
    length = readlinkat (link, "", target, sizeof target - 1);
  close (link);
  if (length < 0)
    {
      errno = ENOTDIR;
      return -1;
    }

  target[length] = '\0';
  return openat (parent, target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Opens the directory @name in @parent, and closes @parent. Symbolic links are not followed, so that the walk
 * cannot be redirected between two steps. The exception is "app", which Flatpak creates as a symbolic link in its
 * sandboxes; the user must own that link. */
static int
step_down (int          parent,
           const char  *name,
           GString     *path,
           Step         step,
           gboolean     make,
           GError     **error)
{
  gboolean foreign;
  struct stat st;
  int fd, errsv;

  if (path->len > 0 && path->str[path->len - 1] != '/' && name[0] != '/')
    g_string_append_c (path, '/');
  g_string_append (path, name);

  fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT && make && step != STEP_SYSTEM &&
      (mkdirat (parent, name, 0700) == 0 || errno == EEXIST))
    fd = openat (parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 && step == STEP_LINK && (errno == ENOTDIR || errno == ELOOP))
    fd = open_own_link (parent, name);
  errsv = errno;
  foreign = fd < 0 && errsv == EACCES && step != STEP_SYSTEM &&
            fstatat (parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_uid != geteuid ();
  if (parent >= 0)
    close (parent);
  if (foreign)
    {
      set_other_owner (error, path->str, st.st_uid);
      return -1;
    }
  if (fd < 0)
    {
      shmooze_set_error_from_errno (error, errsv, _("Cannot use the directory “%s”"), path->str);
      return -1;
    }
  if (step == STEP_SYSTEM)
    return fd;

  if (fstat (fd, &st) < 0 || st.st_uid != geteuid ())
    {
      set_other_owner (error, path->str, st.st_uid);
      close (fd);
      return -1;
    }
  if (step == STEP_OWN && (st.st_mode & 07777) != 0700 && fchmod (fd, 0700) < 0)
    {
      shmooze_set_error_from_errno (error, errno, _("Cannot set the mode of the directory “%s” to 0700"), path->str);
      close (fd);
      return -1;
    }
  return fd;
}

static const char *
check_domain (const char  *domain,
              GError     **error)
{
  if (domain[0] != '\0' && domain[0] != '.' && strchr (domain, '/') == NULL && strlen (domain) <= NAME_MAX_BYTES)
    return domain;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _("“%s” in SHMOOZE_DOMAIN or FLATPAK_ID is not a valid application ID"), domain);
  return NULL;
}

/* Opens the directory of this user's regions, or its subdirectory @folder. If @make is set, missing directories are
 * created. */
int
shmooze_location_open_home (const char  *folder,
                            gboolean     make,
                            char       **path,
                            GError     **error)
{
  g_autoptr(GString) walked = g_string_new (NULL);
  g_autofree char *user = g_strdup_printf ("shmooze-%u", (guint) geteuid ());
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR");
  const char *domain = g_getenv ("FLATPAK_ID");
  int fd;

  if (domain == NULL || domain[0] == '\0')
    domain = g_getenv ("SHMOOZE_DOMAIN");
  if (domain == NULL || domain[0] == '\0')
    domain = APP_ID;
  if (check_domain (domain, error) == NULL)
    return -1;

  if (runtime != NULL && g_path_is_absolute (runtime))
    {
      const char *const steps[] = { "app", domain, "shmooze" };
      const Step kinds[] = { STEP_LINK, STEP_USER, STEP_OWN };

      fd = step_down (-1, runtime, walked, STEP_USER, FALSE, error);
      for (gsize i = 0; i < G_N_ELEMENTS (steps) && fd >= 0; i++)
        fd = step_down (fd, steps[i], walked, kinds[i], make, error);
    }
  else
    {
      const char *const steps[] = { user, domain };

      fd = step_down (-1, POSIX_HOME, walked, STEP_SYSTEM, FALSE, error);
      for (gsize i = 0; i < G_N_ELEMENTS (steps) && fd >= 0; i++)
        fd = step_down (fd, steps[i], walked, STEP_OWN, make, error);
    }
  if (folder != NULL && fd >= 0)
    fd = step_down (fd, folder, walked, STEP_OWN, make, error);

  if (fd >= 0 && path != NULL)
    *path = g_string_free (g_steal_pointer (&walked), FALSE);
  return fd;
}

static gboolean
check_name (const char  *folder,
            const char  *name,
            GError     **error)
{
  const char *file = name[0] == '/' ? name + 1 : name;
  const char *rule = NULL;

  if (file[0] == '\0')
    rule = _("it is empty");
  else if (!g_utf8_validate (name, -1, NULL))
    rule = _("it is not UTF-8 text");
  else if (folder != NULL && name[0] == '/')
    rule = _("only the name of a region can begin with a slash");
  else if (strchr (file, '/') != NULL)
    rule = _("a slash is only allowed as the first character");
  else if (strcmp (file, ".") == 0 || strcmp (file, "..") == 0)
    rule = _("it names a directory");
  else if (strlen (file) > NAME_MAX_BYTES)
    rule = _("it is longer than 255 bytes");
  else if (folder == NULL && name[0] != '/' &&
           (strcmp (file, SHMOOZE_FOLDER_BELLS) == 0 || strcmp (file, SHMOOZE_FOLDER_MUTEXES) == 0))
    rule = _("the name is reserved");
  else
    for (const char *p = file; *p != '\0' && rule == NULL; p = g_utf8_next_char (p))
      if (g_unichar_iscntrl (g_utf8_get_char (p)))
        rule = _("it contains a control character");
  if (rule == NULL)
    return TRUE;

  g_autofree char *shown = g_utf8_make_valid (name, -1);
  g_strdelimit (shown, "\a\b\t\n\v\f\r\033", '?');
  /* Translators: the name, then the rule it breaks */
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, _("“%s” is not a valid name: %s"), shown, rule);
  return FALSE;
}

/* Determines the directory and file of @name: in the subdirectory @folder or, if @folder is NULL, in the directory of
 * the user's regions. If @make is set, missing directories are created. */
ShmoozeLocation *
shmooze_location_new (const char  *folder,
                      const char  *name,
                      gboolean     make,
                      GError     **error)
{
  g_autofree char *home = NULL;
  gboolean posix = name[0] == '/';
  ShmoozeLocation *self;
  int fd;

  if (!check_name (folder, name, error))
    return NULL;

  if (posix)
    {
      g_autoptr(GString) walked = g_string_new (NULL);

      fd = step_down (-1, POSIX_HOME, walked, STEP_SYSTEM, FALSE, error);
      home = g_strdup (POSIX_HOME);
    }
  else
    fd = shmooze_location_open_home (folder, make, &home, error);
  if (fd < 0)
    return NULL;

  self = g_new0 (ShmoozeLocation, 1);
  self->dir_fd = fd;
  self->file = g_strdup (posix ? name + 1 : name);
  self->path = g_build_filename (home, self->file, NULL);
  self->posix = posix;
  self->home = !posix && folder == NULL;
  return self;
}

static gint
compare_names (gconstpointer a,
               gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* Returns the names of the files in @folder, or of the user's regions if @folder is NULL, in byte order. If @make is
 * set, missing directories are created. */
GPtrArray *
shmooze_location_list (const char  *folder,
                       gboolean     make,
                       GError     **error)
{
  GPtrArray *names;
  struct dirent *entry;
  int fd = shmooze_location_open_home (folder, make, NULL, error);
  DIR *dir;

  if (fd < 0)
    return NULL;

  names = g_ptr_array_new_with_free_func (g_free);
  dir = fdopendir (fd);
  while ((entry = readdir (dir)) != NULL)
    if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN)
      g_ptr_array_add (names, g_strdup (entry->d_name));
  closedir (dir);
  g_ptr_array_sort (names, compare_names);
  return names;
}

/* Opens the subdirectory @folder of the directory of the user's regions. If @self is in that directory, a single
 * openat() suffices. Returns -1 if the folder does not exist or belongs to another user. */
int
shmooze_location_open_folder (const ShmoozeLocation *self,
                              const char            *folder)
{
  struct stat st;
  int fd;

  if (!self->home)
    return shmooze_location_open_home (folder, FALSE, NULL, NULL);

  fd = openat (self->dir_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0 && (fstat (fd, &st) < 0 || st.st_uid != geteuid ()))
    {
      close (fd);
      fd = -1;
    }
  return fd;
}

void
shmooze_location_free (ShmoozeLocation *self)
{
  close (self->dir_fd);
  g_free (self->file);
  g_free (self->path);
  g_free (self);
}

/* Returns the ID of a region in hexadecimal, as used in the names of its bells. */
char *
shmooze_id_to_hex (const guint8 *id)
{
  GString *hex = g_string_new (NULL);

  for (guint i = 0; i < 16; i++)
    g_string_append_printf (hex, "%02x", id[i]);
  return g_string_free (hex, FALSE);
}
