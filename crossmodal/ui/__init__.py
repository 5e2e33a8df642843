"""The page. The only folder that imports Gradio."""
