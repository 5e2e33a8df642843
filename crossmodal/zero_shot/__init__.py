"""Zero-shot classification: score a picture against labels that the model never trained on. Knows no Gradio."""
