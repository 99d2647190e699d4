/* gst-asd: anomalous sound detection for GStreamer
 *
 * SPDX-License-Identifier: LGPL-2.1-or-later
 */

#ifndef __TOOL_H__
#define __TOOL_H__

#include <asd/asd.h>
#include <gst/asd/asd.h>
#include <gst/gst.h>

/* Sample rate that recordings are brought to. */
#define TOOL_RATE 16000

/* Longest window of the elements, in ns. */
#define TOOL_MAX_WINDOW (G_GINT64_CONSTANT (3600000000000))

/* Of the pAUC, as in DCASE 2020. */
#define TOOL_MAX_FPR 0.1

enum
{
  EXIT_USER_ERROR = 1,
  EXIT_USAGE = 2,
  EXIT_SKIPPED = 3,
  EXIT_INTERRUPTED = 130,
};

/* One command each; they return the exit code. */
int cmd_train (int argc, char **argv);
int cmd_score (int argc, char **argv);
int cmd_extract (int argc, char **argv);
int cmd_evaluate (int argc, char **argv);
int cmd_fuse (int argc, char **argv);
int cmd_inspect (int argc, char **argv);
int cmd_report (int argc, char **argv);
int cmd_monitor (int argc, char **argv);

/* main.c */

/* Parses the options of a command; prints usage errors itself and then returns
 * FALSE with the exit code. */
gboolean tool_parse (int *argc, char ***argv, const char *parameters,
    const char *summary, const GOptionEntry * entries, int *exit_code);

/* Prints "gst-asd: what" and returns the exit code for it. */
int tool_usage (const char *format, ...) G_GNUC_PRINTF (1, 2);
int tool_fail (GError * error);

/* Returns 0 where the options of most commands are in range. */
int tool_check_numbers (gint64 window, int channel, int seed);

/* "90", "90s", "30m", "1h" or "1d", to seconds. Returns 0, or the exit code for
 * what is none of these. */
int tool_parse_duration (const char *text, double *seconds);

/* messages.c: what the user is told beside the results, from any thread */

/* A file is left out of the run. Printed once for each file. */
void tool_skip (const char *file, const char *reason);
gboolean tool_is_skipped (const char *file);

/* A file is used, but not quite as it is. Files with the same remark are
 * printed as one line by tool_exit_code(). */
void tool_remark (const char *file, const char *remark);

/* Prints the remarks; EXIT_SKIPPED where files were left out, else 0. */
int tool_exit_code (void);

/* Something about what a run reads, at once. */
void tool_say (const char *name, const char *text);

/* A progress bar on the terminal; nothing where stderr is none. */
void tool_progress_begin (const char *what, gsize n_steps);
void tool_progress_step (gsize n);

/* Other words before the bar, and how many steps are done. */
void tool_progress_update (const char *what, gsize n_done);
void tool_progress_end (void);

/* source.c: what a pipeline reads */

typedef struct _Source Source;

/* In test_labels.npy: normals are 0, anomalies 1. */
#define LABEL_UNKNOWN 255

/* Recordings. Takes no ownership of @files. */
Source *source_new_files (char **files, gint channel);

/* Features: windows along the first axis, [n, rows, columns] or [n, frames,
 * rows, columns] or [n, columns]. Takes ownership of @array. @name is for
 * errors. */
Source *source_new_features (AsdNpy * array, const char *name,
    GError ** error);

/* The clips with the given indices, in that order. */
Source *source_subset (Source * source, const guint * indices, guint n);
void source_free (Source * source);

/* Of features: rows and columns of a frame; NULL for recordings. */
const GstAsdFeatureInfo *source_get_info (Source * source);
guint source_get_size (Source * source);

/* The file of a clip, or NULL for features. */
const char *source_get_file (Source * source, guint i);

/* The source element (floating). What it delivers is watched: silent clips are
 * reported. */
GstElement *source_make_element (Source * source);
gboolean source_link_element (Source * source, GstElement * element,
    GstElement * bin);

/* The clip that a stream-id (recordings) or timestamp (features) stands for. */
gboolean source_find_clip (Source * source, const char *stream_id,
    GstClockTime timestamp, guint * clip);

/* Tells the user what a warning or element message says about a clip. */
void source_handle_message (Source * source, GstMessage * message);

/* So far nothing but zeros was read of the clip. */
gboolean source_is_silent (Source * source, guint i);

/* Reads all recordings once, reports what cannot be used and returns the
 * rest. */
Source *source_check (Source * source, GError ** error);

/* How loud the recordings are that source_check() read; FALSE where none is a
 * second long. */
gboolean source_get_levels (Source * source, AsdSensorLevels * levels);

/* FALSE where all recordings were skipped. */
gboolean source_has_good (Source * source);

/* The clips that were not skipped; @median_length (in ns, of what was read) may
 * be NULL. */
Source *source_choose_good (Source * source, guint64 * median_length);

/* run.c */

/* Called for each window that leaves the pipeline, in order, from a streaming
 * thread. */
typedef void (*RunFunc) (guint clip, GstBuffer * buffer, gpointer user_data);

/* Runs @source through @bin (floating), which ends in a trainer where @func is
 * NULL. Windows of silent clips are left out. @caps (transfer full) gets the
 * caps of the buffers; may be NULL. */
gboolean tool_run (Source * source, GstElement * bin, RunFunc func,
    gpointer user_data, GstCaps ** caps, GError ** error);

/* From here on, Ctrl-C ends what is being done, a second one the process. */
void tool_catch_interrupts (void);
gboolean tool_is_interrupted (void);

/* While allowed, the first Ctrl-C stops instead, and only the next interrupts. */
void tool_allow_stop (gboolean allow);
gboolean tool_is_stopped (void);

/* training.c */

typedef struct
{
  GstAsdRecipe *recipe;
  GstClockTime window;
  GstClockTime interval;        /* of the windows to calibrate with; 0: window */
  guint seed;
  gboolean live;                /* the clips are windows of a line, in order */
} Training;

/* Trains all stages of the recipe into the file @model. */
gboolean training_fit (const Training * training, Source * source,
    const char *model, GError ** error);

/* In ns, of the windows that scores stand for. */
typedef struct
{
  guint64 duration;             /* the longest */
  guint64 interval;             /* between two starts, 0 if no clip had two */
} WindowTimes;

/* The scores of each clip: GArrays of doubles, one a window. @scorer is one of
 * the recipe's, or NULL for the whole recipe. @times may be NULL. */
GPtrArray *training_score (const Training * training, Source * source,
    const char *scorer, const char *model, WindowTimes * times,
    GError ** error);

/* 5-fold cross-validation by clip: trains all stages once for each fold, on all
 * clips but those of the fold. */
typedef struct _CrossValidation CrossValidation;

CrossValidation *cross_validation_new (const Training * training,
    Source * source, GError ** error);

/* Scores of clips that the stages had not seen: what training_score() gives. */
GPtrArray *cross_validation_score (CrossValidation * cv, const char *scorer,
    WindowTimes * times, GError ** error);

/* Commits the writer to the folds' models. */
gboolean cross_validation_update (CrossValidation * cv,
    AsdModelWriter * writer, GError ** error);
void cross_validation_free (CrossValidation * cv);

/* calibrate.c */

typedef struct
{
  AsdThresholdRule rule;        /* its times are filled in */
  const char *rule_text;

  /* of the last scorer; NaN where there is none */
  double threshold;
  guint n_scores;
} Calibration;

/* Cross-validates and adds calibration and threshold of each scorer of the
 * recipe to the model. */
gboolean calibration_run (Calibration * calibration,
    const Training * training, Source * source, AsdModelWriter * writer,
    GError ** error);

/* A recipe with an ensemble gives no score without calibration. */
gboolean calibration_is_needed (GstAsdRecipe * recipe);

/* dataset.c */

/* One machine id of a data set. */
typedef struct
{
  char *machine;                /* "fan" */
  char *id;                     /* "00" */
  GPtrArray *train;             /* file names; NULL in a feature folder */
  GPtrArray *test;
  GArray *labels;               /* of test: gint 0 normal, 1 anomaly, -1 none */
  char *features;               /* folder of train.npy, or NULL */
} Machine;

/* Machine, by name and id: all, or only those named, which have to be there.
 * Reads the trees of DCASE 2020 and MIMII. */
GPtrArray *dataset_open (const char *root, char **only, guint seed,
    GError ** error);
GPtrArray *dataset_open_features (const char *root, char **only,
    GError ** error);

/* Of the recordings of a part of a machine. */
Source *dataset_make_source (GPtrArray * files, gint channel);

/* "normal_id_02_00000000.wav" and so on, as the challenge names its files. */
char *dataset_clip_name (const Machine * machine, guint test_clip);

/* Files as named, and the recordings in folders as named, sorted. */
char **dataset_expand (char **paths, GError ** error);

/* results.c: the files of the challenge */

/* The scores of one machine id's test clips. */
typedef struct
{
  char *machine;
  char *id;
  GPtrArray *clips;             /* names; labels are in their prefixes */
  GArray *scores;
  double auc;                   /* NaN where it cannot be told */
  double pauc;
  double threshold;             /* NaN where there is none */
  AsdDetection detection;
} ScoreList;

ScoreList *score_list_new (const char *machine, const char *id);
void score_list_free (ScoreList * list);
void score_list_add (ScoreList * list, const char *clip, double score);

/* Scores and labels (1: anomalous) of the clips whose names tell; there has to
 * be room for all. Returns their number. */
gsize score_list_get_labelled (const ScoreList * list, double *scores,
    guint8 * labels);

/* Finds AUC and pAUC. */
void score_list_measure (ScoreList * list);

/* Finds what the threshold of a model makes of the clips. */
void score_list_detect (ScoreList * list, double threshold);

/* FOLDER/detection.csv, and the same on standard output, of the lists that have a
 * threshold and both classes. */
gboolean results_write_detection (const char *folder, GPtrArray * lists,
    GError ** error);

/* FOLDER/anomaly_score_MACHINE_id_XX.csv: no header, file and score. */
gboolean results_write_scores (const char *folder, const ScoreList * list,
    GError ** error);

/* FOLDER/results.csv, and the same in percent on standard output. Lists without
 * AUC are left out; those of one machine follow each other. */
gboolean results_write_table (const char *folder, GPtrArray * lists,
    GError ** error);

/* The score lists of a folder, by machine and id. */
GPtrArray *results_read (const char *folder, GError ** error);

/* picturefiles.c: what 'gst-asd report' draws beside the scores. 'gst-asd evaluate'
 * leaves arrays for it in FOLDER/pictures/MACHINE_id_XX/. */

/* [epochs, 1 or 2]: the loss and the validation loss of a stage, whose name
 * follows. */
#define PICTURE_LOSS "loss-"

/* [normal and anomalous, pitch classes, 2]: what asdchroma gives, on average and
 * its standard deviation over clips, by its kind. */
#define PICTURE_CENS "cens"
#define PICTURE_CHROMA "chroma"
#define PICTURE_PITCHES 12

/* [features and reconstruction, frames, bands]: what a net on log-mel frames got
 * and gave of the clip with the lowest and that with the highest score; and the
 * seconds from one frame to the next. */
#define PICTURE_LEAST "least-anomalous"
#define PICTURE_MOST "most-anomalous"
#define PICTURE_STEP "frame-step"
#define PICTURE_MAX_FRAMES 512
#define PICTURE_MAX_BANDS 1024

typedef struct
{
  char *name;                   /* of the file, without ".npy" */
  gsize n_dims;
  gsize shape[ASD_NPY_MAX_DIMS];
  double *values;
} Picture;

/* Pictures by name. */
GPtrArray *pictures_read (const char *folder, const char *machine,
    const char *id, GError ** error);

/* Removes those of another recipe, which would be taken for this one's. Returns
 * where this one's go; the folder need not be there. */
char *pictures_clear (const char *folder, const char *machine,
    const char *id);
gboolean pictures_save (const char *folder, const char *name, AsdNpyType type,
    gsize n_dims, const gsize * shape, gconstpointer data, GError ** error);

/* The clip with the highest or the lowest score, the first of several; NULL
 * where there are no clips. */
const char *pictures_find_clip (const ScoreList * list, gboolean most);

/* pictures.c */

/* What pictures are made from. */
typedef struct
{
  const Training *training;
  const Machine *machine;
  Source *test;
  const ScoreList *list;
  const char *model;
} Evaluated;

/* Takes the place of what is there of the machine id; there may be nothing to
 * write. */
gboolean pictures_write (const char *folder, const Evaluated * evaluated,
    GError ** error);

/* settings.c: what the scores of a folder came from */

/* Groups of the file, beside those of a recipe. */
#define SETTINGS_GROUP "evaluation"
#define SETTINGS_TRAINED "trained"      /* machines, clips: a list each */

/* With the command and the version of gst-asd. */
GKeyFile *settings_new (const char *command);
void settings_set (GKeyFile * settings, const char *key, const char *format,
    ...) G_GNUC_PRINTF (3, 4);
void settings_add_recipe (GKeyFile * settings, GstAsdRecipe * recipe);

/* FOLDER/evaluation.ini */
gboolean settings_write (GKeyFile * settings, const char *folder,
    GError ** error);

/* NULL, and no error, for a folder without that file. */
gboolean settings_read (const char *folder, GKeyFile ** settings,
    GError ** error);

#endif /* __TOOL_H__ */
