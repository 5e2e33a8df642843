"""Ways of fusing two modalities, compared: strategies, tasks, training runs, analysis."""
