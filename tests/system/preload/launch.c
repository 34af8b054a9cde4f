/*
 * Starts the program that stands in the first line of the file NAME.run, where
 * NAME is this program's own path, with the further lines, NAME=VALUE, as its
 * environment: for one that is started without any.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	char path[PATH_MAX], line[2 * PATH_MAX], program[2 * PATH_MAX] = "";
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 5);
	FILE *f;

	(void)argc;
	if (n <= 0)
		return 1;
	memcpy(path + n, ".run", 5);
	f = fopen(path, "re");
	if (f == NULL)
		return 1;
	while (fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (program[0] == '\0')
			memcpy(program, line, sizeof(program));
		else
			(void)putenv(strdup(line));
	}
	(void)fclose(f);
	(void)execv(program, argv);
	perror(program);
	return 1;
}
