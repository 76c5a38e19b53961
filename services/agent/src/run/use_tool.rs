//! Using the tools that the model asks for.

use portcullis::extension::hooks::{Message, ToolCall, ToolPostExec, ToolPreExec};
use serde_json::{Map, Value};

use super::{Run, Step, message};
use crate::caught::caught;
use crate::text;
use crate::tool::ToolError;
use crate::transcript::{Entry, Use};

/// What came of the use of a tool, and what the model is told.
struct Came {
    arguments: Map<String, Value>,
    came: Use,
    told: String,
}

impl Run<'_> {
    /// Uses the first `most` of the tools, one after another: what one did may matter to the next, and to who looks at it. Each gets an answer, as the protocol
    /// wants it.
    pub(super) async fn use_tools(
        &mut self,
        turn: u32,
        calls: Vec<ToolCall>,
        most: usize,
    ) -> Step<()> {
        for (place, call) in calls.into_iter().enumerate() {
            let came = if place < most {
                self.use_tool(turn, &call).await
            } else if most == 0 {
                Came::not_run("not run: this was the last turn".to_owned())
            } else {
                Came::not_run(format!(
                    "not run: at most {most} tools are used in one turn; ask for it again"
                ))
            };
            self.note(Entry::Used {
                turn,
                call: call.id.clone(),
                tool: call.tool,
                arguments: came.arguments,
                came: came.came,
            });
            self.say(Message {
                tool_call: Some(call.id),
                ..message("tool", came.told)
            });
        }
        Ok(())
    }

    async fn use_tool(&mut self, turn: u32, call: &ToolCall) -> Came {
        let arguments = match self.arguments(call) {
            Ok(arguments) => arguments,
            Err(why) => return Came::not_run(format!("error: {why}")),
        };
        let point = ToolPreExec {
            run: self.transcript.run.clone(),
            turn,
            call: call.id.clone(),
            tool: call.tool.clone(),
            arguments,
        };
        let (point, block) = self.hook(point).await;
        let arguments = point.arguments;
        if let Some(block) = block {
            return Came {
                arguments,
                told: format!("refused: {}", block.reason),
                came: Use::Refused {
                    by: block.by.to_string(),
                    reason: block.reason,
                },
            };
        }
        // Plugins may have changed them.
        if let Err(why) = self
            .tools
            .check(&call.tool, &Value::Object(arguments.clone()))
        {
            return Came {
                arguments,
                ..Came::not_run(format!("error: as a plugin changed them, {why}"))
            };
        }
        let ran = self.run_tool(&call.tool, arguments.clone()).await;
        self.after(turn, call, arguments, ran).await
    }

    /// The arguments, if there is such a tool and they fit it.
    fn arguments(&self, call: &ToolCall) -> Result<Map<String, Value>, String> {
        let most = self.bounds().text_bytes;
        let arguments = self.tools.check(&call.tool, &call.arguments)?;
        let bytes = call.arguments.to_string().len();
        if bytes > most {
            return Err(format!(
                "the arguments have {bytes} bytes, and at most {most} are taken"
            ));
        }
        Ok(arguments)
    }

    /// Runs a tool within its time; what it says is cut.
    async fn run_tool(&self, name: &str, arguments: Map<String, Value>) -> Result<String, String> {
        let bounds = self.bounds();
        let tool = self.tools.find(name)?;
        let ran = tokio::time::timeout(bounds.tool, caught(tool.run(arguments))).await;
        let cut = |said: &str| text::cut(said, bounds.output_bytes);
        match ran {
            Ok(Some(Ok(said))) => Ok(cut(&said)),
            Ok(Some(Err(error))) => {
                let error: ToolError = error;
                Err(cut(&error.to_string()))
            }
            Ok(None) => Err("the tool panicked".to_owned()),
            Err(_) => Err(format!("the tool took longer than {:?}", bounds.tool)),
        }
    }

    /// What the model is told of what a tool said, as plugins leave it.
    async fn after(
        &mut self,
        turn: u32,
        call: &ToolCall,
        arguments: Map<String, Value>,
        ran: Result<String, String>,
    ) -> Came {
        let failed = ran.is_err();
        let (Ok(output) | Err(output)) = ran;
        let point = ToolPostExec {
            run: self.transcript.run.clone(),
            turn,
            call: call.id.clone(),
            tool: call.tool.clone(),
            arguments,
            output,
            failed,
        };
        let (point, block) = self.hook(point).await;
        let arguments = point.arguments;
        if let Some(block) = block {
            return Came {
                arguments,
                told: format!("the output was withheld: {}", block.reason),
                came: Use::Withheld {
                    by: block.by.to_string(),
                    reason: block.reason,
                },
            };
        }
        // Plugins may have made it longer.
        let output = text::cut(&point.output, self.bounds().output_bytes);
        let (told, came) = match failed {
            true => (format!("error: {output}"), Use::Failed),
            false => (output, Use::Done),
        };
        Came {
            arguments,
            came,
            told,
        }
    }
}

impl Came {
    fn not_run(told: String) -> Self {
        Self {
            arguments: Map::new(),
            came: Use::NotRun,
            told,
        }
    }
}
